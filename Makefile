# make run, make test: all that a new user needs. What they set up lands in .venv; nothing outside this folder is touched.
# Another interpreter, as in make bench PYTHON=python3.12, gets a virtual environment of its own.
PYTHON ?= python3
VENV ?= $(if $(filter python3,$(PYTHON)),.venv,.venvs/$(notdir $(PYTHON)))
BIN = $(VENV)/bin
SOURCES = $(wildcard src/*) setup.py pyproject.toml
PYTEST_ARGS ?=

.PHONY: run test example fuzz pyjwt-tests lint bench bench-servers bench-gateway instructions sanitize valgrind clean
.PRECIOUS: %/installed %/built %/rivals

# By the environment: a command line is for all to see, and its quotes would have to be minded.
run: export SAMPLE_TOKEN := $(value TOKEN)
run: export SAMPLE_SECRET := $(value SECRET)
run: $(VENV)/built
	@$(BIN)/python -m benchmarks.first_look

test: $(VENV)/built
	$(BIN)/python -m pytest $(PYTEST_ARGS)

example: $(VENV)/built
	$(BIN)/python -m examples.sso.story

# The JSON that tokens are read by against orjson, over millions of texts; see tests/fuzz_json.py.
fuzz: $(VENV)/built
	$(BIN)/python tests/fuzz_json.py $(if $(DOCUMENTS),--documents $(DOCUMENTS)) $(if $(SEED),--seed $(SEED))

# PyJWT's own tests against jwtfast.jwt; see tests/pyjwt_suite.py.
pyjwt-tests: $(VENV)/built
	$(BIN)/python tests/pyjwt_suite.py

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(abspath $(BIN)):$$PATH" cython-lint src/*.pyx src/*.pxi src/*.pxd

bench: $(VENV)/rivals
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.cache_cost
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.import_cost
	$(BIN)/python -m benchmarks.revocation_cost
	$(BIN)/python -m benchmarks.drop_in

# Counted, not timed: fails where a path of a token takes a tenth more instructions than what is committed.
instructions: $(VENV)/built
	$(BIN)/python -m benchmarks.instructions $(if $(UPDATE),--update)

# Needs wrk: apt-get install wrk.
bench-servers: $(VENV)/built
	$(BIN)/python -m benchmarks.servers

# Needs wrk, nginx and haproxy.
bench-gateway: $(VENV)/built
	$(BIN)/python -m benchmarks.gateway

# What runs little but Python, which the sanitizers have nothing to say about.
NOT_NATIVE = asgi credentials discovery django docs_sso fastapi flask forwarded_claims gateway gateway_configuration \
	gateway_logs gateway_page gateway_setups key_ring key_ring_file protected_resource public_paths pyjwt_client \
	pyjwt_program refresh refresh_machine refusal remote_docs remote_processes remote_refused request_path requirement \
	rest_framework revocation_docs revocation_redis rotation_under_load schedule servers servers_page sso_example wsgi

# The suite on a build with AddressSanitizer and UndefinedBehaviorSanitizer. Python's own allocator would hide what is
# done to its objects from them; leaks are not looked for, since the interpreter leaves much behind. The safe path keeps
# the usual build, here in the checkout, from being imported instead.
sanitize: export SANITIZE = 1
sanitize: export PYTHONMALLOC = malloc
sanitize: export PYTHONSAFEPATH = 1
sanitize: export ASAN_OPTIONS = detect_leaks=0:allocator_may_return_null=1
sanitize: export UBSAN_OPTIONS = print_stacktrace=1
sanitize: .venvs/sanitize/sanitized
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
		.venvs/sanitize/bin/python -m pytest -n 2 -p no:cacheprovider $(NOT_NATIVE:%=--ignore=tests/test_%.py) $(PYTEST_ARGS)

# All that is installed there, since it is no editable build.
.venvs/sanitize/sanitized: .venvs/sanitize/installed $(SOURCES) $(shell find jwtfast -name '*.py' -o -name '*.pyi')
	SANITIZE=1 .venvs/sanitize/bin/python -m pip install --quiet --no-build-isolation --no-deps --force-reinstall .
	touch $@

# Valgrind on the path of a token. Python itself and others' extensions have faults of their own to it: what counts is
# what has a function of ours in its stack.
VALGRIND_TESTS = tests/test_rfc_examples.py tests/test_policy.py tests/test_token.py tests/test_revocation.py

valgrind: $(VENV)/built
	mkdir -p build
	PYTHONMALLOC=malloc valgrind --log-file=build/valgrind.log --num-callers=40 \
		$(BIN)/python -m pytest -q -p no:cacheprovider $(or $(PYTEST_ARGS),$(VALGRIND_TESTS))
	grep -q 'ERROR SUMMARY' build/valgrind.log
	! grep -E -B 30 -A 10 '_native|__pyx' build/valgrind.log

# pyenv may have a command python3.12 that only works once that version is selected: so it is.
%/installed: pyproject.toml
	$(PYTHON) --version >/dev/null 2>&1 || export PYENV_VERSION="$$(pyenv whence $(PYTHON) 2>/dev/null | tail -n 1)"; \
		$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --upgrade pip
	$*/bin/python -m pip install --quiet --group dev
	touch $@

%/built: %/installed $(SOURCES)
	$*/bin/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	touch $@

# One of the rivals is measured in two versions: the older one goes into a folder that is on nobody's path.
%/rivals: %/built
	$*/bin/python -m pip install --quiet --group bench
	$*/bin/python -m pip install --quiet --no-deps --upgrade --target $*/older-pyjwt --group older-pyjwt
	touch $@

clean:
	rm -rf .venv .venvs build dist *.egg-info jwtfast/*.so
