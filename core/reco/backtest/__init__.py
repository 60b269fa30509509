"""Would the recommender have named what customers then bought? Measured against plain baselines.

`trials` says what was known, who is asked for and what they bought; `systems` ranks the catalogue
with the model that runs use, `baselines` without any; `measures` compares, `verdict` concludes.
"""
