// What a Xojo program does with SMTPSocket as a socket, translated: Xojo in the comments on the left, C++ on the right.
// One socket listens and plays a mail server, another one connects to it and speaks without a message.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>

using namespace smtpoll;

// clang-format off
int main() {
  int number = 0, data_events = 0;

  /* Var server As New SMTPSocket                          */ SMTPSocket server;
  /* Var card As NetworkInterface = _                      */ NetworkInterface card =
  /*   System.NetworkInterface(0)                          */   System::NetworkInterface(0);
  /* Var text As String = card.Name + ": " + _             */ std::string text = card.Name() + ": " +
  /*   card.IPAddress + "/" + card.SubnetMask + _          */   card.IPAddress() + "/" + card.SubnetMask() +
  /*   " " + card.MACAddress                               */   " " + card.MACAddress();
  /* server.NetworkInterface = card                        */ server.NetworkInterface = card;
  /* server.NetworkInterface = Nil                         */ server.NetworkInterface.reset();
  /* server.Port = 0                                       */ server.Port = 0;
  /* server.Listen                                         */ server.Listen();
  /* Sub ConnectionEstablished(greeting As String)         */ server.ConnectionEstablished = [&](const std::string&) {
  /*   Me.Write("220 hello" + EndOfLine.CRLF)              */   server.Write("220 hello\r\n");
  /* End Sub                                               */ };
  /* Sub DataAvailable()                                   */ server.DataAvailable = [&] {
  /*   dataEvents = dataEvents + 1                         */   ++data_events;
  /* End Sub                                               */ };

  /* Var client As New SMTPSocket                          */ SMTPSocket client;
  /* client.Address = "127.0.0.1"                          */ client.Address = "127.0.0.1";
  /* client.Port = server.Port                             */ client.Port = server.Port;
  /* client.UserName = ""                                  */ client.UserName = "";
  /* client.Password = ""                                  */ client.Password = "";
  /* Sub Error(err As RuntimeException)                    */ client.Error = [&](const Error& err) {
  /*   number = err.ErrorNumber                            */   number = err.ErrorNumber;
  /* End Sub                                               */ };
  /* client.Connect                                        */ client.Connect();
  /* While server.EndOfFile ' EHLO has not come            */ while (server.EndOfFile()) {
  /*   server.Poll                                         */   server.Poll();
  /*   client.Poll                                         */   client.Poll();
  /* Wend                                                  */ }
  /* Var hello As String = server.Lookahead                */ std::string hello = server.Lookahead();
  /* server.Purge                                          */ server.Purge();
  /* server.Write("250 hello" + EndOfLine.CRLF)            */ server.Write("250 hello\r\n");
  /* server.Flush                                          */ server.Flush();
  while (client.Poll()) server.Poll();  // to the end of what Connect began

  /* Var isThere As Boolean = client.IsConnected           */ bool is_there = client.IsConnected();
  /* Var here As String = client.LocalAddress              */ std::string here = client.LocalAddress();
  /* Var there As String = client.RemoteAddress            */ std::string there = client.RemoteAddress();
  /* Var handle As Integer = client.Handle                 */ NativeSocket::Handle handle = client.Handle();

  /* client.Write("VRFY john" + EndOfLine.CRLF)            */ client.Write("VRFY john\r\n");
  /* Var left As Integer = client.BytesLeftToSend          */ std::size_t left = client.BytesLeftToSend();
  /* While server.BytesAvailable < 11                      */ while (server.BytesAvailable() < 11) {
  /*   client.Poll                                         */   client.Poll();
  /*   server.Poll                                         */   server.Poll();
  /* Wend                                                  */ }
  /* Var verb As String = server.Read(4)                   */ std::string verb = server.Read(4);
  /* Var rest As String = server.ReadAll                   */ std::string rest = server.ReadAll();

  /* client.Messages.Add(New EmailMessage)                 */ client.Messages.Add(EmailMessage());
  /* client.DeleteAllMessages                              */ client.DeleteAllMessages();
  /* client.DisconnectFromServer ' says QUIT               */ client.DisconnectFromServer();
  while (server.Lookahead() != "QUIT\r\n") { client.Poll(); server.Poll(); }
  /* client.Disconnect ' fires Error with 102              */ client.Disconnect();
  /* server.Close                                          */ server.Close();

  std::printf("%s\n", text.c_str());
  std::printf("%s%s %s -> %s, error %d\n", hello.c_str(), verb.c_str(), here.c_str(), there.c_str(), number);
  const bool ok = hello.compare(0, 5, "EHLO ") == 0 && verb == "VRFY" && rest == " john\r\n" && left <= 11;
  return ok && is_there && there == "127.0.0.1" && handle != NativeSocket::kNoHandle && data_events > 1 &&
         number == 102 && client.Messages.empty() && !client.IsConnected() ? 0 : 1;
}
