# Sourced: fresh certificates in $dir/pki. Elliptic keys, because making them takes no time.

make_ca() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$1" \
        -keyout "$dir/pki/$1.key" -out "$dir/pki/$1.crt" 2>/dev/null
}

# make_certificate NAME CA SUBJECT: signed for both sides of a connection, valid for the loopback.
make_certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$3" \
        -keyout "$dir/pki/$1.key" -out "$dir/pki/$1.csr" 2>/dev/null
    openssl x509 -req -in "$dir/pki/$1.csr" -CA "$dir/pki/$2.crt" -CAkey "$dir/pki/$2.key" -CAcreateserial -days 30 \
        -out "$dir/pki/$1.crt" -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1
extendedKeyUsage=serverAuth,clientAuth") 2>/dev/null
    rm "$dir/pki/$1.csr"
}

make_certificates() {
    mkdir -p "$dir/pki"
    chmod 700 "$dir/pki"
    make_ca ca
    make_ca front-proxy-ca
    make_ca other-ca
    make_certificate server ca /CN=kube-apiserver
    make_certificate kubelet ca /O=system:nodes/CN=system:node:kwok
    make_certificate admin ca /O=system:masters/CN=admin
    make_certificate controller-manager ca /CN=system:kube-controller-manager
    make_certificate scheduler ca /CN=system:kube-scheduler
    make_certificate front-proxy front-proxy-ca /CN=front-proxy
    openssl ecparam -genkey -name prime256v1 -noout -out "$dir/pki/service-account.key"
    openssl ec -in "$dir/pki/service-account.key" -pubout -out "$dir/pki/service-account.pub" 2>/dev/null
}

# kubeconfig CA USER-FIELDS…: prints a kubeconfig with embedded credentials.
kubeconfig() {
    local ca=$1
    shift
    cat <<EOF
apiVersion: v1
kind: Config
current-context: $name
clusters:
- name: $name
  cluster: {server: "https://127.0.0.1:$port_base", certificate-authority-data: $(base64 -w0 "$dir/pki/$ca.crt")}
contexts:
- name: $name
  context: {cluster: $name, user: $name}
users:
- name: $name
  user: {$(IFS=,; echo "$*")}
EOF
}

certificate_user() {
    echo "client-certificate-data: $(base64 -w0 "$dir/pki/$1.crt")"
    echo "client-key-data: $(base64 -w0 "$dir/pki/$1.key")"
}

# write_kubeconfig FILE CA USER-FIELD…
write_kubeconfig() {
    local file=$1
    shift
    (umask 077 && kubeconfig "$@" >"$dir/$file")
}
