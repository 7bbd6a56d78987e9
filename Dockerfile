# Builds Klaw and leaves only the program, the libraries it needs and the certificates in the image.
ARG BASE=debian:12
FROM ${BASE} AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3
WORKDIR /src
COPY scripts scripts
RUN scripts/install-packages
COPY . .
RUN cmake --preset release -DKLAW_BUILD_TESTS=OFF && cmake --build build/release --target klaw \
    && scripts/image-root build/release/klaw /root-fs /symbols && mkdir /data && mv /root-fs/var/lib/klaw /data/

# The symbols for a debugger: docker build --target symbols --output symbols .
FROM scratch AS symbols
COPY --from=build /symbols/ /

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="klaw" \
      org.opencontainers.image.description="Event-driven monitoring, alerting and chat operations for Kubernetes" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /root-fs/ /
COPY --from=build --chown=65532:65532 /data/ /var/lib/
ENV XDG_STATE_HOME=/var/lib SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
EXPOSE 8917
VOLUME /var/lib/klaw
ENTRYPOINT ["/usr/local/bin/klaw"]
CMD ["agent", "--config", "/etc/klaw/klaw.yaml"]
