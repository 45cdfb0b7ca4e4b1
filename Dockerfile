# The image of the operator, the chaos controller and the probe: those files, the libraries they load
# and the time zones of schedules, nothing else.
#   docker build -t scalableapp-operator:0.1.0 .
FROM debian:12 AS build
WORKDIR /source
COPY tests/setup tests/setup
RUN tests/setup/install build
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF && cmake --build --preset release
RUN mkdir -p /image/usr/bin /image/usr/share && \
    cp build/release/operator/scalableapp-operator build/release/chaos/scalableapp-chaos \
       build/release/chaos/scalableapp-probe /image/usr/bin/ && \
    cp -a /usr/share/zoneinfo /image/usr/share/ && \
    ldd /image/usr/bin/* | grep -oE '/[^ :]+\.so[^ ]*' | sort -u | xargs cp --parents -L -t /image

FROM scratch
COPY --from=build /image /
USER 65532:65532
ENTRYPOINT ["/usr/bin/scalableapp-operator"]
