FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.txt requirements-uv.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-uv.txt \
    && /venv/bin/uv pip install --no-cache --compile-bytecode --python /venv/bin/python --require-hashes \
        -r requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data NUMBA_CACHE_DIR=/kernels
RUN useradd --create-home --uid 10001 iacrm && mkdir /data /kernels && chown iacrm /data /kernels
COPY --from=build /venv /venv
WORKDIR /app
COPY alembic.ini app.py pyproject.toml ./
COPY .streamlit .streamlit
COPY api api
COPY core core
COPY etl etl
COPY pages pages
COPY samples samples
COPY ui ui
# The user below may write nowhere here: without this every process would compile all it imports.
RUN python -m compileall -q api core etl pages ui
USER iacrm
# Kernels are compiled here, by a run of the demo: else each new container takes a minute and more for its first.
RUN ENABLE_DEMO_DATA=1 DATA_DIR=/tmp/demo DATABASE_URL=sqlite:////tmp/demo/demo.db python -m etl.demo \
    && rm -r /tmp/demo
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/health', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.address", "0.0.0.0"]
