# Builds Klaw and leaves only the program, the libraries it needs and the certificates in the image.
FROM debian:12 AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates
WORKDIR /src
COPY scripts scripts
RUN scripts/install-packages
COPY . .
RUN cmake --preset release -DKLAW_BUILD_TESTS=OFF && cmake --build build/release --target klaw \
    && scripts/image-root build/release/klaw /root-fs

FROM scratch
COPY --from=build /root-fs/ /
COPY --from=build --chown=65532:65532 /root-fs/var/lib/klaw /var/lib/klaw
ENV XDG_STATE_HOME=/var/lib SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
EXPOSE 8917
VOLUME /var/lib/klaw
ENTRYPOINT ["/usr/local/bin/klaw"]
CMD ["agent", "--config", "/etc/klaw/klaw.yaml"]
