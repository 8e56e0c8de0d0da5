# make run, make test: all that a new user needs. What they set up lands in .venv; nothing outside this folder is touched.
# Another interpreter, as in make bench PYTHON=python3.12, gets a virtual environment of its own.
PYTHON ?= python3
VENV ?= $(if $(filter python3,$(PYTHON)),.venv,.venvs/$(notdir $(PYTHON)))
BIN = $(VENV)/bin
SOURCES = $(wildcard src/*) setup.py pyproject.toml
PYTEST_ARGS ?=

.PHONY: run test lint bench bench-servers sanitize valgrind clean
.PRECIOUS: %/installed %/built

# By the environment: a command line is for all to see, and its quotes would have to be minded.
run: export SAMPLE_TOKEN := $(value TOKEN)
run: export SAMPLE_SECRET := $(value SECRET)
run: $(VENV)/built
	@$(BIN)/python -m benchmarks.first_look

test: $(VENV)/built
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(abspath $(BIN)):$$PATH" cython-lint src/*.pyx src/*.pxi src/*.pxd

bench: $(VENV)/built
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.cache_cost
	$(BIN)/python -m benchmarks.memory

# Needs wrk: apt-get install wrk.
bench-servers: $(VENV)/built
	$(BIN)/python -m benchmarks.servers

# The suite on a build with AddressSanitizer and UndefinedBehaviorSanitizer. Python's own allocator would hide what is
# done to its objects from them; leaks are not looked for, since the interpreter leaves much behind. The safe path keeps
# the usual build, here in the checkout, from being imported instead.
sanitize: export SANITIZE = 1
sanitize: export PYTHONMALLOC = malloc
sanitize: export PYTHONSAFEPATH = 1
sanitize: export ASAN_OPTIONS = detect_leaks=0:allocator_may_return_null=1
sanitize: export UBSAN_OPTIONS = print_stacktrace=1
sanitize: .venvs/sanitize/installed
	.venvs/sanitize/bin/python -m pip install --quiet --no-build-isolation --no-deps --force-reinstall .
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
		.venvs/sanitize/bin/python -m pytest -p no:cacheprovider $(PYTEST_ARGS)

# Valgrind on the path of a token. Python itself and others' extensions have faults of their own to it: what counts is
# what has a function of ours in its stack.
VALGRIND_TESTS = tests/test_rfc_examples.py tests/test_policy.py tests/test_token.py

valgrind: $(VENV)/built
	mkdir -p build
	PYTHONMALLOC=malloc valgrind --log-file=build/valgrind.log --num-callers=40 \
		$(BIN)/python -m pytest -q -p no:cacheprovider $(or $(PYTEST_ARGS),$(VALGRIND_TESTS))
	grep -q 'ERROR SUMMARY' build/valgrind.log
	! grep -E -B 30 -A 10 '_native|__pyx' build/valgrind.log

%/installed: pyproject.toml
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --upgrade pip
	$*/bin/python -m pip install --quiet --group dev
	touch $@

%/built: %/installed $(SOURCES)
	$*/bin/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	touch $@

clean:
	rm -rf .venv .venvs build dist *.egg-info jwtfast/*.so
