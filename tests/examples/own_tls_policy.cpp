// TLS by a library that smtpoll does not know, as a transport policy of one's own: here GnuTLS, which verifies the
// server's chain and name. smtpoll/transport/transport_policy.hpp says what each member has to do.
//   own_tls_policy USER PASSWORD TO HOST PORT AUTHORITY_FILE     port 465: TLS at once, any other: STARTTLS
// needs: gnutls
#include <smtpoll/smtpoll.hpp>

#include <gnutls/gnutls.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

template <typename Socket>
class GnuTlsTransport {
 public:
  static constexpr bool kEncrypts = true;
  std::string AuthorityFile;  // whom to trust

  ~GnuTlsTransport() { Close(); }
  Socket& NextLayer() { return socket_; }
  const Socket& NextLayer() const { return socket_; }

  smtpoll::IoResult Handshake(std::string_view server_name) {
    if (session_ == nullptr && !Start(std::string(server_name))) return Fail(smtpoll::Errc::TlsSettings);
    const smtpoll::IoResult result = Answer(gnutls_handshake(session_), smtpoll::Errc::TlsHandshake);
    secured_ = result.status == smtpoll::IoStatus::Done || result.status == smtpoll::IoStatus::Closed;  // it returns 0
    return secured_ ? smtpoll::IoResult::Ok() : result;
  }
  smtpoll::IoResult Read(char* into, std::size_t room) {
    if (session_ == nullptr) return socket_.Read(into, room);
    return Answer(gnutls_record_recv(session_, into, room), smtpoll::Errc::ConnectionLost);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    if (session_ == nullptr) return socket_.Write(bytes, size);
    return Answer(gnutls_record_send(session_, bytes, size), smtpoll::Errc::ConnectionLost);
  }
  smtpoll::Readiness Wants() const { return wants_; }
  bool Secured() const { return secured_; }
  bool Pending() const { return secured_ && gnutls_record_check_pending(session_) != 0; }
  std::string_view FaultText() const { return fault_; }
  void Close() {
    if (secured_) gnutls_bye(session_, GNUTLS_SHUT_WR);
    if (session_ != nullptr) gnutls_deinit(session_);
    if (credentials_ != nullptr) gnutls_certificate_free_credentials(credentials_);
    session_ = nullptr;
    credentials_ = nullptr;
    secured_ = false;
    wants_ = smtpoll::Readiness::None;
    socket_.Close();
  }

 private:
  bool Start(const std::string& server_name) {
    name_ = server_name;  // GnuTLS keeps only where it is
    fault_ = "the authority file cannot be used";
    gnutls_certificate_allocate_credentials(&credentials_);
    const char* const authority = AuthorityFile.c_str();
    if (gnutls_certificate_set_x509_trust_file(credentials_, authority, GNUTLS_X509_FMT_PEM) < 1) return false;
    gnutls_init(&session_, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
    gnutls_priority_set_direct(session_, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", nullptr);
    gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials_);
    gnutls_server_name_set(session_, GNUTLS_NAME_DNS, name_.data(), name_.size());
    gnutls_session_set_verify_cert(session_, name_.c_str(), 0);
    gnutls_transport_set_ptr(session_, this);
    gnutls_transport_set_pull_function(session_, [](gnutls_transport_ptr_t self, void* into, std::size_t room) {
      return Self(self).Pass(Self(self).socket_.Read(static_cast<char*>(into), room));
    });
    gnutls_transport_set_push_function(session_, [](gnutls_transport_ptr_t self, const void* bytes, std::size_t size) {
      return Self(self).Pass(Self(self).socket_.Write(static_cast<const char*>(bytes), size));
    });
    return true;
  }
  /// What GnuTLS has to say, for smtpoll.
  smtpoll::IoResult Answer(ssize_t result, smtpoll::Errc otherwise) {
    wants_ = smtpoll::Readiness::None;
    if (result > 0) return smtpoll::IoResult::Ok(static_cast<std::size_t>(result));
    if (result == 0) return smtpoll::IoResult::EndOfFile();
    const int code = static_cast<int>(result);
    if (gnutls_error_is_fatal(code) == 0) {
      wants_ = gnutls_record_get_direction(session_) == 0 ? smtpoll::Readiness::Read : smtpoll::Readiness::Write;
      return smtpoll::IoResult::TryAgain();
    }
    fault_ = gnutls_strerror(code);
    return Fail(code == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR ? smtpoll::Errc::CertificateUntrusted : otherwise);
  }
  /// What the socket has to say, for GnuTLS.
  ssize_t Pass(smtpoll::IoResult result) {
    if (result.status == smtpoll::IoStatus::Done) return static_cast<ssize_t>(result.size);
    if (result.status == smtpoll::IoStatus::Closed) return 0;
    gnutls_transport_set_errno(session_, result.status == smtpoll::IoStatus::Again ? EAGAIN : EIO);
    return -1;
  }
  static GnuTlsTransport& Self(gnutls_transport_ptr_t self) { return *static_cast<GnuTlsTransport*>(self); }
  static smtpoll::IoResult Fail(smtpoll::Errc code) { return smtpoll::IoResult::Fail(static_cast<int>(code)); }

  Socket socket_;
  gnutls_session_t session_ = nullptr;
  gnutls_certificate_credentials_t credentials_ = nullptr;
  std::string name_;
  const char* fault_ = "";
  smtpoll::Readiness wants_ = smtpoll::Readiness::None;
  bool secured_ = false;
};

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: %s USER PASSWORD TO HOST PORT AUTHORITY_FILE\n", argv[0]);
    return 2;
  }
  smtpoll::BasicSession<smtpoll::NativeSocket, GnuTlsTransport> session;
  session.Layer().AuthorityFile = argv[6];
  session.UserName = argv[1];  // goes only once Secured() is true
  session.Password = argv[2];
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[5]));
  if (std::getenv("SMTP_IMPLICIT_TLS") != nullptr || port == 465) session.Security = smtpoll::Security::ImplicitTLS;
  if (const smtpoll::Error error = session.Connect(argv[4], port)) {
    std::printf("%s\n", ToString(error).c_str());
    return 1;
  }
  smtpoll::EmailMessage mail;
  mail.FromAddress = argv[1];
  mail.AddRecipient(argv[3]);
  mail.BodyPlainText = "Hello, World!\n";
  const smtpoll::SendResult& result = session.Send(mail);
  std::printf("%s\n", result.Sent() ? "sent" : ToString(result.error).c_str());
  return result.Sent() ? 0 : 1;
}
