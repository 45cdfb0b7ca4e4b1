# The images: their program files, the libraries these load and the time zones of schedules, nothing else.
#   docker build -t scalableapp-operator:0.1.0 .       the operator, the chaos controller and the probe
#   docker build -t shop:1 --target shop .             the application of the examples
FROM debian:12 AS build
WORKDIR /source
COPY tests/setup tests/setup
RUN tests/setup/install build
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF && cmake --build --preset release
RUN bundle() { \
        local folder=$1; shift; \
        mkdir -p "$folder/usr/bin" && cp "$@" "$folder/usr/bin/" && \
        ldd "$folder"/usr/bin/* | grep -oE '/[^ :]+\.so[^ ]*' | sort -u | xargs cp --parents -L -t "$folder"; \
    }; \
    bundle /image build/release/operator/scalableapp-operator build/release/chaos/scalableapp-chaos \
        build/release/chaos/scalableapp-probe && \
    bundle /shop build/release/examples/shop/shop && \
    mkdir -p /image/usr/share && cp -a /usr/share/zoneinfo /image/usr/share/

FROM scratch AS shop
COPY --from=build /shop /
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/bin/shop"]

FROM scratch AS operator
COPY --from=build /image /
USER 65532:65532
ENTRYPOINT ["/usr/bin/scalableapp-operator"]
