# make run    set up everything and serve the app with demo data
# make test   set up everything and pass every test
# make docs   build the documentation as a site into site/
# make pictures  draw the pictures of the documentation anew
# make bench  measure import, run, export, pages and send beside their references
.DEFAULT_GOAL := help
.PHONY: help run test test-full checked recommender reader lint messages docs pictures lock clean bench

PORT ?= 8501
WORKERS ?= 2
BIN := .venv/bin
# Whatever the shell says: each process would compile every library anew, which takes seconds.
export PYTHONDONTWRITEBYTECODE :=

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

.venv/run.stamp: requirements.txt requirements-uv.txt scripts/install.sh
	scripts/install.sh requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt requirements-uv.txt scripts/install.sh
	scripts/install.sh requirements-dev.txt
	@touch $@ .venv/run.stamp

run: export ENABLE_DEMO_DATA ?= 1
run: .venv/run.stamp
	$(BIN)/python -m etl.demo
	@echo "Open http://localhost:$(PORT) and sign in as demo with the password demo."
	$(BIN)/python -m core serve --port $(PORT)

lint: .venv/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# The kernels are compiled beside the linting: later each worker would compile them for itself.
recommender: .venv/dev.stamp
	$(BIN)/python -m pytest -q tests/golden \
		"tests/contract/test_backtest.py::test_a_rolling_backtest_is_kept_with_its_report[sqlite]"

reader: .venv/dev.stamp
	$(BIN)/python -m pytest -q \
		"tests/property/test_ingest_plain.py::test_both_ways_of_reading_give_the_same[direct]"

checked: .venv/dev.stamp
	$(MAKE) --no-print-directory -j2 lint recommender reader

test: checked
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope -m "not full"

test-full: checked
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --hypothesis-profile=drawn

# A quarter of an hour: every screen in both languages, light and dark, wide and narrow, and the path.
pictures: .venv/dev.stamp
	IACRM_PICTURES=1 $(BIN)/python -m pytest -n 0 tests/browser/test_pictures.py \
		tests/browser/test_path.py tests/browser/test_live_campaign.py

# BENCH_CUSTOMERS=... changes the size; the results are written to benchmarks/RESULTS.md.
bench: .venv/dev.stamp
	$(BIN)/python -m benchmarks.product.bench

# New sentences enter the French catalogue untranslated; tests fail until each is translated.
messages: .venv/dev.stamp
	$(BIN)/python scripts/update_catalogue.py

# Strictly: a broken link or a page outside the navigation fails. Never with -q, which hides both.
docs: export NO_MKDOCS_2_WARNING := 1
docs: .venv/dev.stamp
	$(BIN)/mkdocs build --strict
	@echo "Open site/index.html, or $(BIN)/mkdocs serve to search as well."

lock:
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-header --no-annotate --python-version 3.11 requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate --python-version 3.11 -c requirements-dev.txt requirements.in -o requirements.txt

clean:
	find core -name '*.nb[ic]' -delete
	rm -rf .venv site .mypy_cache .ruff_cache .pytest_cache .hypothesis
