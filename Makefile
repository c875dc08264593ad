# Every target works alone on a fresh clone, given Python 3.11 or newer and make, and keeps its
# environment in .venv. A target that was interrupted can simply be run again: what says that a
# step is done is written last.

VENV := .venv
PY := $(VENV)/bin/python
PORT ?= 8000
RUNS ?= 0
# Test processes: more than there are processors, as browsers and kernels are waited for.
JOBS ?= 3

# An index with smaller builds of PyTorch, for instance https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

# Looked up only where the environment must be made.
IS_RECENT := -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python $(IS_RECENT) 2>/dev/null && echo $$python && break; done)

# The environments' marks carry a hash of all that decides what is in them.
HASH := $(shell (pwd; cat pyproject.toml requirements.txt tests/requirements.txt) | cksum | cut -d ' ' -f 1)
BOOK_ENV := $(VENV)/.book-$(HASH)
TEST_ENV := $(VENV)/.test-$(HASH)
PIP_INSTALL := $(PY) -m pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

SITE := _build/html
BUILT := _build/.complete
NOTEBOOKS := $(wildcard book/*.ipynb)
PROBLEM_SETS := $(wildcard coursework/source/*/*.ipynb)
# Numbers hang on the processor: notebooks are tested with its plainest instructions, too. A short
# run takes those with walks, whose numbers hang most on it.
PLAINLY = $(if $(LOSSVIZ_SHORT),$(shell grep -l 'lv[.][a-z_]*_walk' /dev/null $(NOTEBOOKS) $(PROBLEM_SETS)),$(NOTEBOOKS) $(PROBLEM_SETS))
SOURCES := _config.yml _toc.yml $(wildcard CITATION.cff) lossviz $(NOTEBOOKS) $(wildcard book/*.md book/*.bib) \
	$(wildcard book/api book/coursework) book/assets book/extensions book/results book/vendor
# One thread, as the chapters' numbers were made; the test processes share the cores.
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest
NBVAL := -p tests.support.kernel_starts -p tests.support.kernel_limits --nbval --nbval-sanitize-with tests/nbval_sanitize.cfg -p no:cacheprovider

.DEFAULT_GOAL := help
.NOTPARALLEL: # one environment, one site
.PHONY: help book pdf serve test test-slow audit binder notebooks environment release results lock lint format clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

book: $(BOOK_ENV) ## build the site, and its archive, into _build/html
	@# Built anew after a failure, as a page that only warned is not read a second time, which
	@# would then be green; and after any change, as Sphinx watches some files only, and what it
	@# mends in place has other bytes than what it makes. Executed chapters are kept.
	@test -e $(BUILT) && test -z "$$(find $(SOURCES) -name __pycache__ -prune -o -type f -newer $(BUILT) -print)" \
		|| rm -rf $(SITE) _build/.doctrees
	@rm -f $(BUILT)
	OMP_NUM_THREADS=1 $(PY) $(VENV)/bin/jupyter-book build . -W --keep-going -n --quiet
	@touch $(BUILT)
	@$(PY) book/tools/archive.py
	@echo "The book is in $(SITE)/index.html"

pdf: $(TEST_ENV) book ## print the whole book to _build/lossviz-book.pdf (needs Chromium)
	@$(PY) book/tools/pdf.py

serve: book ## build the site, then serve it on this machine (PORT=8000)
	$(PY) -m http.server --bind 127.0.0.1 --directory $(SITE) $(PORT)

test: $(TEST_ENV) book lint ## run all tests but the slow ones
	$(PYTEST) -n $(JOBS) --dist worksteal -m "not slow" --doctest-modules tests lossviz book/extensions book/tools coursework
	$(PYTEST) -n $(JOBS) --dist loadfile $(NBVAL) $(NOTEBOOKS) $(PROBLEM_SETS)
	ATEN_CPU_CAPABILITY=default $(PYTEST) -n $(JOBS) --dist loadfile $(NBVAL) $(PLAINLY)
	@echo "make test: all passed"

test-slow: $(TEST_ENV) book ## run the slow tests (minutes)
	$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder -m slow tests
	@echo "make test-slow: all passed"

audit: $(TEST_ENV) book ## print Lighthouse's scores of every page (RUNS=5 for performance too)
	$(PY) tests/support/lighthouse.py --runs $(RUNS)

binder: $(TEST_ENV) ## do as Binder does, and print each notebook's time and memory
	$(PY) tests/support/binder.py

notebooks: $(TEST_ENV) ## execute chapters and problem sets, and normalise their committed outputs
	@$(PY) book/tools/install_cell.py $(NOTEBOOKS) $(PROBLEM_SETS)
	OMP_NUM_THREADS=1 $(PY) book/tools/notebooks.py $(NOTEBOOKS) $(PROBLEM_SETS)
	OMP_NUM_THREADS=1 $(PY) book/tools/pictures.py

environment: $(TEST_ENV) ## make the environment alone

release: $(TEST_ENV) ## make the students' versions of the problem sets into book/coursework
	$(PY) coursework/release.py

results: $(BOOK_ENV) ## reduce a finished study to what the chapters read (STUDY=folder)
	$(PY) -m lossviz study report $(STUDY) --out book/results --no-figures

lock: $(VENV)/.made ## renew the pins of requirements.txt and tests/requirements.txt
	$(PY) book/tools/lock.py $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

lint: $(TEST_ENV) ## check format and style
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

format: $(TEST_ENV) ## format the code and mend what can be mended
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

clean: ## remove what was built, but not the environment
	rm -rf _build .pytest_cache .ruff_cache .hypothesis build dist lossviz.egg-info

$(VENV)/.made:
	@$(PY) -m pip --version >/dev/null 2>&1 || { \
		test -n "$(PYTHON)" && $(PYTHON) $(IS_RECENT) || { \
			echo "No Python 3.11 or newer with venv was found. Install one (Debian: apt-get install" \
				"python3-venv), or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }; \
		$(PYTHON) -m venv --clear $(VENV); }
	@$(PY) $(IS_RECENT) || { \
		echo "$(VENV) holds a Python older than 3.11; remove that folder, then try again" >&2; exit 1; }
	@touch $@

$(BOOK_ENV): | $(VENV)/.made
	$(PIP_INSTALL) -r requirements.txt
	@rm -f $(VENV)/.book-* $(VENV)/.test-*
	@touch $@

$(TEST_ENV): | $(VENV)/.made
	$(PIP_INSTALL) -r tests/requirements.txt
	@rm -f $(VENV)/.book-* $(VENV)/.test-*
	@touch $(BOOK_ENV) $@
