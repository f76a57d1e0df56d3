# `make` alone lists the commands.
VENV ?= .venv
PYTHON ?= python3
# `make test DJANGO=6.1` uses the Django of requirements-django6.1.txt, in a separate virtual environment.
ifneq ($(DJANGO),)
override VENV := $(VENV)-django$(DJANGO)
DJANGO_LOCK = requirements-django$(DJANGO).txt
INSTALL_DJANGO = $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(DJANGO_LOCK)
CHECK_PYTHON = @$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12) and "Django $(DJANGO) needs Python \
	3.12 or newer, and $(PYTHON) is older. Name another, such as PYTHON=python3.13.")'
endif
BIN = $(VENV)/bin

# If this is set, no process stores compiled modules, and each compiles the site and all tests again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help image contract run check quick test docs tools quality pages peers bench scan test-image soak test-cluster lint types format lock clean engine messages card

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.runtime: requirements.txt $(DJANGO_LOCK)
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(INSTALL_DJANGO)
	@touch $@

$(VENV)/.tools: $(VENV)/.runtime requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(INSTALL_DJANGO)
	@touch $@

# checkov needs other versions of the site's dependencies.
SCAN = $(VENV)-scan
$(SCAN)/.tools: requirements-scan.txt
	$(PYTHON) -m venv $(SCAN)
	$(SCAN)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-scan.txt
	@touch $@

# The peers of `make bench` must not affect the versions of the site's dependencies.
BENCH = $(VENV)-bench
$(BENCH)/.tools: requirements.txt requirements-bench.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

# The environment of development. You can set `DATABASE_URL` and `PORT`.
DEVELOPMENT = DEBUG=true SECRET_KEY=development-only-development-only-development-only \
	ALLOWED_HOSTS=localhost,127.0.0.1,[::1] LOG_FORMAT=text PORT=$${PORT:-8000} \
	DATABASE_URL=$${DATABASE_URL:-sqlite:///$(CURDIR)/actorsite.sqlite3}

run: $(VENV)/.runtime ## set up and serve at http://localhost:8000/ (PORT sets another port)
	@$(DEVELOPMENT) sh bin/run $(BIN)/python

# Many of the thousands of tests use real servers, browsers and containers, whose speed depends on the machine. A test
# that fails is run once more, and the summary names it in red. If you run pytest yourself, it repeats nothing.
AGAIN = --reruns 1

# Number of processes that run tests. `make test` uses one more, because some of its tests wait for servers.
WORKERS ?= 2
# Not included: the tests of the image (`make test-image`) and those that need more tools (`make quality`).
HERE = -n $(WORKERS) --dist loadgroup --ignore=tests/platform --ignore=tests/web

check: lint types quick ## before each commit: lint, types and the quick tests

quick: $(VENV)/.tools ## run the tests that start no processes and no browser, on SQLite
	TEST_DATABASE=sqlite $(BIN)/pytest $(HERE) -m "not slow and not peers"

test: WORKERS = 3
# PostgreSQL runs everything; SQLite runs what is marked `sqlite`. tests/conftest.py has the marks.
# Coverage includes the processes that tests start: see pyproject.toml, and MEASURED_FOLDERS in tests/conftest.py.
test: $(VENV)/.tools ## run all tests on PostgreSQL with coverage, and those marked sqlite on SQLite (DJANGO=6.1: on Django 6.1)
	$(BIN)/coverage erase
	TEST_DATABASE=postgresql $(BIN)/coverage run -m pytest $(AGAIN) $(HERE) -m "not peers"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	TEST_DATABASE=sqlite $(BIN)/pytest $(AGAIN) $(HERE) -m "(sqlite or only_sqlite) and not once"

# The lock file pins the npm packages. Their install scripts are not run.
WEB = tests/web/node_modules
$(WEB)/.installed: tests/web/package.json tests/web/package-lock.json
	@for tool in node npm java chromium; do command -v $$tool >/dev/null || { echo "There is no $$tool. \
	make pages needs node 18.19 or newer, npm, java 17 or newer and chromium, as Debian has them: \
	apt-get install nodejs npm default-jre-headless chromium" >&2; exit 1; }; done
	npm ci --prefix tests/web --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

quality: pages peers ## `make pages` and `make peers`

pages: $(VENV)/.tools $(WEB)/.installed ## the public pages by html-validate, the Nu Html Checker and Lighthouse
	TEST_DATABASE=sqlite $(BIN)/pytest $(AGAIN) tests/web

peers: $(VENV)/.tools $(BENCH)/.tools ## check that all servers of `make bench` start
	TEST_DATABASE=sqlite $(BIN)/pytest $(AGAIN) --ignore=tests/platform --ignore=tests/web -m peers

# Tools that take long to install: .ci/run installs them while the tests run.
tools: $(SCAN)/.tools $(BENCH)/.tools $(WEB)/.installed

ROWS ?= 200,1000000
ROUNDS ?= 5
bench: $(BENCH)/.tools ## compare the site with limits and peers at 200 and 1,000,000 rows (ROWS sets other sizes)
	$(BENCH)/bin/python -m bench --rows $(ROWS) --rounds $(ROUNDS)

scan: $(VENV)/.tools $(SCAN)/.tools ## checkov, on every overlay and component of k8s/, Dockerfile and pipeline
	rm -rf .scan
	$(BIN)/python -m tests.k8s.kustomize .scan
	$(SCAN)/bin/checkov --directory .scan --framework kubernetes --compact --quiet --skip-download
	$(SCAN)/bin/checkov --file Dockerfile .gitlab-ci.yml --framework dockerfile gitlab_ci --compact --quiet --skip-download

test-image: image contract ## build the image and test it as both platforms run it

contract: $(VENV)/.tools engine ## test the existing image IMAGE as both platforms run it
	SOAK_REQUESTS=5000 SOAK_ROLLOUTS=2 TEST_DATABASE=sqlite $(BIN)/pytest $(AGAIN) -n 3 --dist loadgroup tests/platform

soak: $(VENV)/.tools image ## send 50,000 requests during 10 rolling updates of three pods; none may fail
	TEST_DATABASE=sqlite $(BIN)/pytest -s tests/platform/test_soak.py

# CONTEXT is one of `kubectl config get-contexts`; IMAGE must be on its nodes. The tests create and delete one namespace.
test-cluster: $(VENV)/.tools ## run the scenarios of tests/platform on the cluster CONTEXT with IMAGE
	@test -n "$(CONTEXT)" || { echo "Name a cluster: make test-cluster CONTEXT=kind-x IMAGE=…" >&2; exit 1; }
	CONTEXT=$(CONTEXT) TEST_DATABASE=sqlite $(BIN)/pytest -s tests/platform/test_scenarios.py tests/platform/test_soak.py

docs: $(VENV)/.tools ## write the generated documents: the settings, and the results of the last `make bench`
	@$(DEVELOPMENT) $(BIN)/python manage.py settings_table --markdown > docs/reference/settings.md
	$(BIN)/python -m bench.report docs/explanation/performance.md

lint: $(VENV)/.tools ## ruff, import-linter, djade, hadolint, words, missing migrations, migrations that would break the version still serving
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	find actors actorsite -name '*.html' -print0 | xargs -0 -r $(BIN)/djade --target-version 5.2 --check
	@$(DEVELOPMENT) $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m tests.lint_migrations
	$(BIN)/python -m tests.lint_words
	$(BIN)/hadolint Dockerfile

# The plugin of django-stubs reads the settings, which read the environment.
types: $(VENV)/.tools ## check the types with mypy
	@$(DEVELOPMENT) $(BIN)/mypy

format: $(VENV)/.tools ## format with ruff and djade
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	find actors actorsite -name '*.html' -print0 | xargs -0 -r $(BIN)/djade --target-version 5.2

lock: $(VENV)/.tools ## pin requirements*.in with hashes
	for name in requirements requirements-dev requirements-bench requirements-build requirements-scan; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header $$name.in -o $$name.txt; done
	$(BIN)/uv pip compile --quiet --universal --python-version 3.12 --no-deps \
		--generate-hashes --no-header requirements-django6.1.in -o requirements-django6.1.txt

# The engine is Podman, or Docker if there is no Podman. `BUILD_FLAGS` are further flags of its command `build`.
IMAGE ?= actorsite:dev
ENGINE ?= $(firstword $(shell command -v podman docker))
VERSION ?= $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' actorsite/__init__.py)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
export IMAGE ENGINE
# Heroku's registry takes no image index and no attestations.
BUILD_FORMAT = $(if $(findstring podman,$(ENGINE)),--format docker,--platform linux/amd64 --provenance=false --sbom=false)

engine:
	@test -n "$(ENGINE)" || { echo "No container engine: install Podman or Docker, or name one by ENGINE." >&2; exit 1; }

image: engine ## build the image, named by IMAGE, with Podman or Docker
	$(ENGINE) build $(BUILD_FORMAT) $(BUILD_FLAGS) --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) \
		--tag $(IMAGE) .

clean: ## delete generated files
	rm -rf $(VENV) $(VENV)-django* $(SCAN) $(BENCH) $(WEB) .scan .coverage .coverage.* static actorsite.sqlite3 .pytest_cache .hypothesis .ruff_cache .mypy_cache .import_linter_cache
	find actors actorsite bench tests -name node_modules -prune -o -name __pycache__ -exec rm -rf {} +

messages: $(VENV)/.tools ## collect the texts to translate and compile the translations (needs gettext)
	@for app in actors actorsite; do (cd $$app && $(DEVELOPMENT) $(abspath $(BIN))/python ../manage.py makemessages \
		--locale zh_Hans --no-location --no-obsolete && \
		$(DEVELOPMENT) $(abspath $(BIN))/python ../manage.py compilemessages); done

card: $(VENV)/.tools ## render the preview image of shared links from bin/card.svg (needs chromium)
	$(BIN)/python bin/card.py
