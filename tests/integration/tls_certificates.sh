#!/bin/sh
# Makes an authority of its own and the certificates that the TLS tests need, by the openssl command.
# usage: sh tls_certificates.sh FOLDER
# NAME.pem is a server's certificate with what leads to its authority, NAME.key its key; ca.pem is the authority,
# other-ca.pem one that has nothing to do with it. With TLS_KEYS=rsa the keys are RSA's, otherwise elliptic curves'.
set -eu
cd "$1"

cat >openssl.cnf <<EOF
[req]
distinguished_name = name
prompt = no
[name]
CN = smtpoll test
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ca]
default_ca = test
[test]
new_certs_dir = .
database = index.txt
serial = serial
crlnumber = crlnumber
default_md = sha256
policy = any
default_days = 100
default_crl_days = 100
unique_subject = no
copy_extensions = none
[other]
database = other-index.txt
crlnumber = other-crlnumber
default_md = sha256
default_crl_days = 100
[any]
commonName = supplied
EOF
: >index.txt
: >other-index.txt
echo 1000 >serial
echo 01 >crlnumber
echo 01 >other-crlnumber

key() {
  if [ "${TLS_KEYS:-ec}" = rsa ]; then
    # With some keys of which a number is a byte short, wine 8's import of PKCS #12 makes one that cannot sign; which ones
    # is not known, so none of those is used.
    openssl genrsa -traditional -out "$1.key" 2048
    while openssl asn1parse -in "$1.key" | grep -Eq 'l= *(12[0-7]|25[0-5]) prim'; do
      openssl genrsa -traditional -out "$1.key" 2048
    done
  else openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; fi
}

# authority NAME: a certificate that signs others, signed by itself.
authority() {
  key "$1"
  openssl req -new -x509 -config openssl.cnf -extensions authority -days 3650 -key "$1.key" -subj "/CN=$1" -out "$1.pem"
}

# certificate NAME NAMES [CA [OPTION...]]: for the names "DNS:a,IP:b"; an empty NAMES leaves them out. The subject is
# $subject, the extensions before the names are $first, and that behind them $usage, where these are set.
certificate() {
  name=$1 names=$2 ca=${3:-ca}
  shift 2
  [ $# = 0 ] || shift
  key "$name"
  {
    echo "${first:-basicConstraints = CA:false}"
    [ -z "$names" ] || echo "subjectAltName = $names"
    echo "${usage:-extendedKeyUsage = serverAuth}"
  } >"$name.ext"
  openssl req -new -config openssl.cnf -key "$name.key" -subj "/CN=${subject:-$name}" -out "$name.csr"
  openssl ca -config openssl.cnf -batch -notext -cert "$ca.pem" -keyfile "$ca.key" -extfile "$name.ext" -in "$name.csr" \
    -out "$name.pem" "$@"
}

authority ca
authority other-ca
all=DNS:mx.example.org,DNS:localhost,IP:127.0.0.1,IP:::1
certificate good "$all"
certificate elsewhere DNS:imap.example.org,DNS:pop.example.org
certificate expired "$all" ca -startdate 20200101000000Z -enddate 20200201000000Z
certificate future "$all" ca -startdate 20890101000000Z -enddate 20900101000000Z
certificate stranger "$all" other-ca
certificate wildcard 'DNS:*.example.org'
certificate partial 'DNS:m*.example.org'
certificate address IP:192.0.2.25,IP:2001:db8::25
certificate address-as-name DNS:127.0.0.1,DNS:192.0.2.25
subject=mx.example.org certificate common-name ''
# As public authorities make them; with names that are none of a host's, too.
first='basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
authorityInfoAccess = caIssuers;URI:http://ca.example.org/ca.crt' \
  certificate public email:postmaster@example.org,URI:smtp://mx.example.org,DNS:mx.example.org,IP:192.0.2.25
# A name that ends early for whoever reads it as a C string.
hex=$(printf 'mx.example.org\000.evil.example' | od -An -v -tx1 | tr -d ' \n')
certificate nul "DER:301e821c$hex"
certificate revoked "$all"
certificate listed "$all"
usage='extendedKeyUsage = clientAuth' certificate for-clients "$all"
usage='extendedKeyUsage = clientAuth' certificate client ''
openssl ca -config openssl.cnf -cert ca.pem -keyfile ca.key -gencrl -out nothing.crl
openssl ca -config openssl.cnf -cert ca.pem -keyfile ca.key -revoke revoked.pem
openssl ca -config openssl.cnf -cert ca.pem -keyfile ca.key -gencrl -out revoked.crl
# The same list by an authority whose name is another kind of string, and in capitals.
{
  cat openssl.cnf
  echo '[req]'
  echo 'string_mask = nombstr'
} >printable.cnf
openssl req -new -x509 -config printable.cnf -extensions authority -days 100 -key ca.key -subj /CN=CA -out printable.pem
openssl ca -config openssl.cnf -cert printable.pem -keyfile ca.key -gencrl -out printable.crl
# other-ca revokes the number of a certificate that is not its own, and one of its own.
for name in good stranger; do
  openssl ca -config openssl.cnf -name other -cert other-ca.pem -keyfile other-ca.key -revoke $name.pem
done
openssl ca -config openssl.cnf -name other -cert other-ca.pem -keyfile other-ca.key -gencrl -out other.crl
cat other.crl nothing.crl revoked.crl >several.crl

# Through an authority in between, which the server sends along.
key between
openssl req -new -config openssl.cnf -key between.key -subj /CN=between -out between.csr
openssl ca -config openssl.cnf -batch -notext -cert ca.pem -keyfile ca.key -extensions authority -in between.csr \
  -out between.pem
certificate chained "$all" between
cp chained.pem chained-alone.pem
cp chained.key chained-alone.key
cat between.pem >>chained.pem
# A certificate that is no authority signs another.
certificate forged "$all" good
cat good.pem >>forged.pem

key self-signed
openssl req -new -x509 -config openssl.cnf -days 100 -key self-signed.key -subj /CN=mx.example.org \
  -addext 'subjectAltName = DNS:mx.example.org' -out self-signed.pem

openssl genpkey -algorithm ed25519 -out edwards.key
openssl req -new -x509 -config openssl.cnf -days 100 -key edwards.key -subj /CN=mx.example.org \
  -addext 'subjectAltName = DNS:mx.example.org' -out edwards.pem

if [ "${TLS_KEYS:-ec}" = rsa ]; then openssl rsa -in client.key -aes128 -traditional -passout pass:opensesame -out client-locked.key
else openssl ec -in client.key -aes128 -passout pass:opensesame -out client-locked.key; fi
openssl pkcs12 -export -in client.pem -inkey client.key -passout pass:opensesame -out client.p12
cat client.pem client.key >client-all.pem
cat client.pem client-locked.key >client-locked-all.pem
openssl x509 -in good.pem -outform DER | openssl dgst -sha256 -r | cut -c 1-64 | tr a-f A-F >good.digest
{
  echo '-----BEGIN CERTIFICATE-----'
  echo 'bm90IGEgY2VydGlmaWNhdGU='
  echo '-----END CERTIFICATE-----'
} >garbled.pem
echo 'no PEM at all' >text.pem
: >empty.pem
# The SHA-256 of public keys, in base64.
for name in good client; do
  openssl x509 -in $name.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary |
    openssl base64 >$name.pin
done
