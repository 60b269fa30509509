"""What the pages share; everything below it is free of Streamlit."""
