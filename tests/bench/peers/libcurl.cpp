// libcurl in the benchmarks: one easy handle, used again for each message, so that its connection is used again too.
//
// usage: libcurl MODE PORT COUNT [FILE]
//   data        COUNT messages of 1 KiB by the read callback        recipients  one message to COUNT recipients
//   base64      COUNT attachments of FILE by curl_mime, which reads and encodes the file
//   memory      the same with the whole message rendered beforehand, handed over by the read callback
#include <curl/curl.h>

#include <cstring>

#include "../floor_base64.hpp"
#include "../work.hpp"

namespace {

struct Reader {
  const std::string* text;
  std::size_t at;

  static std::size_t Read(char* into, std::size_t size, std::size_t count, void* self) {
    auto* reader = static_cast<Reader*>(self);
    const std::size_t room = size * count, left = reader->text->size() - reader->at;
    const std::size_t here = left < room ? left : room;
    std::memcpy(into, reader->text->data() + reader->at, here);
    reader->at += here;
    return here;
  }
};

/// What every client has to do for a new message: write its header.
std::string Header() {
  return std::string("Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nFrom: ") + bench::kSender +
         "\r\nTo: " + bench::kRecipient + "\r\nSubject: " + bench::kSubject +
         "\r\nMessage-ID: <abcdefghijklmnopqrstuvwx@bench.example>\r\nMIME-Version: 1.0\r\n";
}

std::string Small() {
  static const std::string body = bench::Body();
  return Header() + "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + body;
}

std::string Rendered(const std::string& path) {
  std::string text = Header() +
                     "Content-Type: multipart/mixed; boundary=abcdefghijklm\r\n\r\n--abcdefghijklm\r\nContent-Type: "
                     "application/octet-stream\r\nContent-Disposition: attachment; filename=attachment.bin\r\n"
                     "Content-Transfer-Encoding: base64\r\n\r\n";
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return {};
  char raw[57], line[80];
  while (const std::size_t got = std::fread(raw, 1, sizeof raw, file))
    text.append(line, static_cast<std::size_t>(bench::EncodeRest(raw, got, line) - line));
  std::fclose(file);
  return text + "--abcdefghijklm--\r\n";
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Call call(argc, argv);
  const bool mime = call.mode == "base64";
  const int recipients = call.mode == "recipients" ? call.count : 1;
  const int messages = call.mode == "recipients" ? 1 : call.count;
  const std::string whole = call.mode == "memory" ? Rendered(call.file) : std::string();

  curl_global_init(CURL_GLOBAL_ALL);
  CURL* curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, ("smtp://127.0.0.1:" + std::to_string(call.port) + "/bench.example").c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, (std::string("<") + bench::kSender + ">").c_str());
  curl_slist* to = nullptr;
  for (int i = 0; i < recipients; ++i)
    to = curl_slist_append(to, ("<" + (recipients == 1 ? bench::kRecipient : bench::Recipient(i)) + ">").c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
  curl_slist* fields = nullptr;
  for (const char* field : {"Date: Tue, 24 Nov 2026 10:00:00 +0000", "From: sender@bench.example",
                            "To: recipient@bench.example", "Subject: A message of the benchmark"})
    fields = curl_slist_append(fields, field);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);

  CURLcode result = CURLE_OK;
  for (int i = 0; i < messages && result == CURLE_OK; ++i) {
    if (mime) {
      curl_mime* body = curl_mime_init(curl);
      curl_mimepart* text = curl_mime_addpart(body);
      curl_mime_data(text, "See the attachment.\r\n", CURL_ZERO_TERMINATED);
      curl_mimepart* file = curl_mime_addpart(body);
      curl_mime_filedata(file, call.file.c_str());
      curl_mime_encoder(file, "base64");
      curl_easy_setopt(curl, CURLOPT_MIMEPOST, body);
      curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
      result = curl_easy_perform(curl);
      curl_mime_free(body);
      continue;
    }
    const std::string small = whole.empty() ? Small() : std::string();
    Reader reader{whole.empty() ? &small : &whole, 0};
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, &Reader::Read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &reader);
    result = curl_easy_perform(curl);
  }
  if (result != CURLE_OK) std::fprintf(stderr, "libcurl: %s\n", curl_easy_strerror(result));
  curl_slist_free_all(fields);
  curl_slist_free_all(to);
  curl_easy_cleanup(curl);
  curl_global_cleanup();
  return result == CURLE_OK ? 0 : 1;
}
