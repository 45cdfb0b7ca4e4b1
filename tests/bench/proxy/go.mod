module scalableapp.dev/tests/bench/proxy

go 1.26.4
