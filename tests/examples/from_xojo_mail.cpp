// A Xojo program that sends mail, translated: Xojo in the comments on the left, C++ on the right. It goes from the
// sample of SMTPSocket's documentation to all that a message and the queue have.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>

#include "receiver.hpp"

using namespace smtpoll;

// clang-format off
int main() {
  Receiver receiver;  // the mail server of this example
  if (!receiver.Start()) return 1;

  // ---- The sample
  /* Var SendMailSocket As New SMTPSocket                  */ SMTPSocket SendMailSocket;
  /* SendMailSocket.Address = "mail.mySMTPServer.com"      */ SendMailSocket.Address = "127.0.0.1";
  /* SendMailSocket.Port = 25                              */ SendMailSocket.Port = receiver.Port();
  /* Var mail As New EmailMessage                          */ EmailMessage mail;
  /* mail.FromAddress = "bill@yourdomain.com"              */ mail.FromAddress = "bill@yourdomain.com";
  /* mail.Subject = "Test Email"                           */ mail.Subject = "Test Email";
  /* mail.BodyPlainText = "Hello, World!"                  */ mail.BodyPlainText = "Hello, World!";
  /* mail.Headers.AddHeader("X-Mailer", "My Program")      */ mail.Headers.AddHeader("X-Mailer", "My Program");
  /* mail.AddRecipient("john@domain.com")                  */ mail.AddRecipient("john@domain.com");
  /* SendMailSocket.Messages.Add(mail)                     */ SendMailSocket.Messages.Add(mail);

  // ---- More of a message
  /* Var letter As New EmailMessage                        */ EmailMessage letter;
  /* letter.FromAddress = "bill@yourdomain.com"            */ letter.FromAddress = "bill@yourdomain.com";
  /* letter.ToAddress = "john@domain.com, ann@domain.com"  */ letter.ToAddress = "john@domain.com, ann@domain.com";
  /* letter.CCAddress = "carl@domain.com"                  */ letter.CCAddress = "carl@domain.com";
  /* letter.BCCAddress = "secret@domain.com"               */ letter.BCCAddress = "secret@domain.com";
  /* letter.AddCCRecipient("cleo@domain.com")              */ letter.AddCCRecipient("cleo@domain.com");
  /* letter.AddBCCRecipient("boss@domain.com")             */ letter.AddBCCRecipient("boss@domain.com");
  /* letter.BodyHTML = "<b>Hello</b>"                      */ letter.BodyHTML = "<b>Hello</b>";
  /* letter.BodyEnriched = "<bold>Hello</bold>"            */ letter.BodyEnriched = "<bold>Hello</bold>";
  /* letter.Headers.SetHeader("Reply-To", "b@domain.com")  */ letter.Headers.SetHeader("Reply-To", "b@domain.com");
  /* letter.Headers.AppendHeader("X-Draft", "yes")         */ letter.Headers.AppendHeader("X-Draft", "yes");
  /* letter.Headers.Delete("X-Draft")                      */ letter.Headers.Delete("X-Draft");
  /* Var many As Integer = letter.Headers.Count            */ std::size_t many = letter.Headers.Count();
  /* Var name As String = letter.Headers.Name(0)           */ std::string name = letter.Headers.Name(0);
  /* Var value As String = letter.Headers.Value(0)         */ std::string value = letter.Headers.Value(0);
  /* Var text As String = letter.Headers.Source            */ std::string text = letter.Headers.Source();
  /* Var notes As New EmailAttachment                      */ EmailAttachment notes;
  /* notes.Name = "notes.txt"                              */ notes.Name = "notes.txt";
  /* notes.MIMEType = "text/plain"                         */ notes.MIMEType = "text/plain";
  /* notes.Data = "Buy milk."                              */ notes.Data = "Buy milk.";
  /* notes.ContentEncoding = "quoted-printable"            */ notes.ContentEncoding = "quoted-printable";
  /* letter.Attachments.Add(notes)                         */ letter.Attachments.Add(notes);
  /* Var photo As New EmailAttachment                      */ EmailAttachment photo;
  /* photo.LoadFromFile(SpecialFolder.Pictures.Child("a")) */ bool found = photo.LoadFromFile("no/such/picture.png");
  /* Var whole As String = letter.Source                   */ std::string whole = letter.Render();
  /* Var copy As New EmailMessage                          */ EmailMessage copy;
  /* copy.Headers.AddHeader("X-Number", "1")               */ copy.Headers.AddHeader("X-Number", "1");
  /* copy.Headers.DeleteAll                                */ copy.Headers.DeleteAll();
  /* copy.Source = whole ' a message that is ready-made    */ copy.Source = whole;

  // ---- The queue
  /* SendMailSocket.Messages.AddAt(0, letter)              */ SendMailSocket.Messages.Insert(0, letter);
  /* SendMailSocket.Messages.Add(mail)                     */ SendMailSocket.Messages.Append(mail);
  /* SendMailSocket.Messages.RemoveAt(2)                   */ SendMailSocket.Messages.Remove(2);
  /* Var waiting As Integer = SendMailSocket.Messages.Count*/ std::size_t waiting = SendMailSocket.Messages.Count();
  /* Var next As EmailMessage = SendMailSocket.Messages(0) */ EmailMessage& next = SendMailSocket.Messages[0];
  /* next.Subject = "Hello"                                */ next.Subject = "Hello";

  // ---- The events
  int sent = 0, refused = 0, chunks = 0; bool all_sent = false;
  /* Sub ConnectionEstablished(hello As String)            */ SendMailSocket.ConnectionEstablished = [](auto& hello) {
  /*   System.DebugLog(hello)                              */   std::printf("%s\n", hello.c_str());
  /* End Sub                                               */ };
  /* Sub MessageSent(email As EmailMessage)                */ SendMailSocket.MessageSent = [&](auto& email) {
  /*   System.DebugLog("sent: " + email.Subject)           */   std::printf("sent: %s\n", email.Subject.c_str());
  /*   sent = sent + 1                                     */   ++sent;
  /* End Sub                                               */ };
  /* Sub MailSent()                                        */ SendMailSocket.MailSent = [&] {
  /*   allSent = True                                      */   all_sent = true;
  /* End Sub                                               */ };
  /* Sub ServerError(id As Integer, msg As String, ..)     */ SendMailSocket.ServerError = [&](int id, auto& m, auto&) {
  /*   System.DebugLog(id.ToString + " " + msg)            */   std::printf("%d %s\n", id, m.c_str());
  /*   refused = refused + 1                               */   ++refused;
  /* End Sub                                               */ };
  /* Sub Error(err As RuntimeException)                    */ SendMailSocket.Error = [](const Error& err) {
  /*   System.DebugLog(err.ErrorNumber.ToString)           */   std::printf("%d\n", err.ErrorNumber);
  /* End Sub                                               */ };
  /* Function SendProgress(sent As .., left As ..) As Bool */ SendMailSocket.SendProgress = [&](auto, auto) {
  /*   chunks = chunks + 1                                 */   ++chunks;
  /*   Return False ' True cancels                         */   return false;
  /* End Function                                          */ };

  // ---- And off they go. Xojo's event loop polls by itself; where it is not wanted there, its programs do as here.
  /* SendMailSocket.SendMail                               */ SendMailSocket.SendMail();
  /* While SendMailSocket.BytesLeftToSend > 0              */ while (SendMailSocket.Poll()) {
  /*   SendMailSocket.Poll                                 */   receiver.Poll();
  /* Wend                                                  */ }

  const bool message_ok = many == 1 && name == "Reply-To" && value == "b@domain.com" && !text.empty() && !found;
  const bool source_ok = copy.Source.find("Buy milk.") != std::string::npos && copy.Headers.Count() == 0;
  const bool arrived = receiver.mails.size() == 2 && receiver.mails[0].recipients.size() == 6;
  const bool told = sent == 2 && refused == 0 && all_sent && chunks > 1;
  return message_ok && source_ok && waiting == 2 && arrived && told ? 0 : 1;
}
