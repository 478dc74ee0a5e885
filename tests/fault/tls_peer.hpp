// The server of the fault tests behind STARTTLS, by OpenSSL in memory, with a certificate made for the run. It notes
// which of its replies can be read once so much of what it encrypted has arrived.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fault_socket.hpp"

namespace fault {

template <auto Function>
struct Freed {
  template <typename T>
  void operator()(T* one) const {
    Function(one);
  }
};

/// A key, a certificate for mx.test by itself, and the server's context.
class TlsIdentity {
 public:
  TlsIdentity() : key_(EVP_EC_gen("P-256")), certificate_(X509_new()), context_(SSL_CTX_new(TLS_server_method())) {
    X509* const one = certificate_.get();
    X509_set_version(one, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(one), 1);
    X509_gmtime_adj(X509_getm_notBefore(one), -3600);
    X509_gmtime_adj(X509_getm_notAfter(one), 24 * 3600);
    X509_set_pubkey(one, key_.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(one), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("mx.test"), -1, -1, 0);
    X509_set_issuer_name(one, X509_get_subject_name(one));
    const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> name(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:mx.test"));
    X509_add_ext(one, name.get(), -1);
    X509_sign(one, key_.get(), EVP_sha256());
    SSL_CTX_use_certificate(context_.get(), one);
    SSL_CTX_use_PrivateKey(context_.get(), key_.get());
    const std::unique_ptr<BIO, Freed<BIO_free>> text(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(text.get(), one);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(text.get(), &bytes);
    pem.assign(bytes, static_cast<std::size_t>(size));
  }
  SSL_CTX* Context() const { return context_.get(); }
  std::string pem;

 private:
  std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> key_;
  std::unique_ptr<X509, Freed<X509_free>> certificate_;
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context_;
};

class TlsPeer final : public Peer {
 public:
  TlsPeer(StoreServer& server, const TlsIdentity& identity) : server_(server), identity_(identity) {
    server_.manners.starttls = true;
  }
  void Connect() override {
    ssl_.reset();
    out_.clear();
    readable_.clear();
    sent_ = 0;
    ended_ = false;
    server_.Connect();
    Send();
  }
  void Take(std::string_view bytes) override {
    if (ssl_ == nullptr) {
      server_.Take(bytes);
      Send();
      if (server_.WantsTls()) Begin();
      return;
    }
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    if (SSL_is_init_finished(ssl_.get()) == 0 && SSL_do_handshake(ssl_.get()) == 1) server_.TlsStands();
    if (SSL_is_init_finished(ssl_.get()) == 1) {
      char plain[4096];
      std::size_t size = 0;
      while (SSL_read_ex(ssl_.get(), plain, sizeof plain, &size) == 1) {
        server_.Take({plain, size});
        Send();
      }
    }
    ERR_clear_error();
    Send();
  }
  std::string& Out() override { return out_; }
  void Delivered(std::size_t size) override {
    std::size_t plain = 0;
    for (const auto& [cipher_end, plain_end] : readable_)
      if (cipher_end <= size) plain = plain_end;
    server_.Delivered(plain);
  }
  StoreServer& Server() override { return server_; }
  void SayEarly(std::string_view reply) override {
    server_.SayEarly(reply);
    Send();
  }

 private:
  void Begin() {
    ssl_.reset(SSL_new(identity_.Context()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
  }

  /// What the server has said goes out, as a record of its own where TLS stands.
  void Send() {
    std::string& said = server_.Replies();
    const std::size_t before = out_.size();
    if (ssl_ == nullptr) {
      out_ += said;
      said.clear();
    } else {
      if (!said.empty() && SSL_is_init_finished(ssl_.get()) == 1) {
        SSL_write(ssl_.get(), said.data(), static_cast<int>(said.size()));
        said.clear();
      }
      if (server_.Gone() && !std::exchange(ended_, true) && SSL_is_init_finished(ssl_.get()) == 1)
        SSL_shutdown(ssl_.get());
      char bytes[4096];
      for (int size; (size = BIO_read(SSL_get_wbio(ssl_.get()), bytes, sizeof bytes)) > 0;)
        out_.append(bytes, static_cast<std::size_t>(size));
    }
    sent_ += out_.size() - before;
    if (said.empty()) readable_.emplace_back(sent_, server_.Said());
  }

  StoreServer& server_;
  const TlsIdentity& identity_;
  std::unique_ptr<SSL, Freed<SSL_free>> ssl_;
  std::string out_;
  std::vector<std::pair<std::size_t, std::size_t>> readable_;  // (end of what was sent, end of the replies in it)
  std::size_t sent_ = 0;
  bool ended_ = false;
};

}  // namespace fault
