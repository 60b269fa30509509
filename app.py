"""The ASGI application: pages and HTTP routes on one port (`streamlit run app.py`)."""

import streamlit as st

from api.routes import MIDDLEWARE, ROUTES, lifespan
from ui.layout import show_error

app = st.App(
    "ui/main.py",
    routes=ROUTES,
    middleware=MIDDLEWARE,
    lifespan=lifespan,
    on_script_error=show_error,
)
