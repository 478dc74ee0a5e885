// Reads DIR/0.eml to DIR/COUNT-1.eml with GMime and writes what it found to DIR/i.gmime: a line for each thing, its
// values in hexadecimal, whole attachments as SHA-256. message_corpus_check.py compares that with what was put in.
//   gmime_reader COUNT DIR
#include <gmime/gmime.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

std::string Hex(const char* bytes, std::size_t size) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "-";
  for (std::size_t i = 0; i < size; ++i) {
    text += kHex[static_cast<unsigned char>(bytes[i]) >> 4];
    text += kHex[static_cast<unsigned char>(bytes[i]) & 15];
  }
  return text;
}
std::string Hex(const char* text) { return text == nullptr ? "-" : Hex(text, std::char_traits<char>::length(text)); }

std::string report;

void OnWarning(gint64 offset, GMimeParserWarning code, const gchar* item, gpointer) {
  report += "defect " + std::to_string(static_cast<int>(code)) + " " + std::to_string(offset) + " " + Hex(item) + "\n";
}

void Mailboxes(const char* name, InternetAddressList* list) {
  const int count = list == nullptr ? 0 : internet_address_list_length(list);
  for (int i = 0; i < count; ++i) {
    InternetAddress* const one = internet_address_list_get_address(list, i);
    if (INTERNET_ADDRESS_IS_MAILBOX(one))
      report += std::string("mailbox ") + name + " " + Hex(internet_address_get_name(one)) + " " +
                Hex(internet_address_mailbox_get_idn_addr(INTERNET_ADDRESS_MAILBOX(one))) + "\n";
    else
      report += std::string("group ") + name + "\n";
  }
}

void Part(GMimeObject* part);

void Leaf(GMimePart* part) {
  GMimeContentType* const type = g_mime_object_get_content_type(GMIME_OBJECT(part));
  const char* const disposition = g_mime_object_get_disposition(GMIME_OBJECT(part));
  const bool is_text = disposition == nullptr;
  report += std::string("leaf ") + g_mime_content_type_get_media_type(type) + "/" +
            g_mime_content_type_get_media_subtype(type) + " " + (is_text ? "none" : disposition) + " " +
            Hex(g_mime_part_get_filename(part)) + " " + Hex(g_mime_object_get_content_id(GMIME_OBJECT(part))) + " ";
  GMimeStream* const stream = g_mime_stream_mem_new();
  if (GMimeDataWrapper* const content = g_mime_part_get_content(part))
    g_mime_data_wrapper_write_to_stream(content, stream);
  const GByteArray* const bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
  if (is_text) {
    report += Hex(reinterpret_cast<const char*>(bytes->data), bytes->len);
  } else {
    gchar* const hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes->data, bytes->len);
    report += hash;
    g_free(hash);
  }
  report += "\n";
  g_object_unref(stream);
}

void Forward(GMimeMessagePart* part) {
  GMimeMessage* const message = g_mime_message_part_get_message(part);
  const char* const name = g_mime_object_get_content_disposition_parameter(GMIME_OBJECT(part), "filename");
  report +=
      "forward " + Hex(name) + " " + Hex(message == nullptr ? nullptr : g_mime_message_get_subject(message)) + " ";
  GMimeObject* const body = message == nullptr ? nullptr : g_mime_message_get_mime_part(message);
  char* const text = GMIME_IS_TEXT_PART(body) ? g_mime_text_part_get_text(GMIME_TEXT_PART(body)) : nullptr;
  report += Hex(text) + "\n";
  g_free(text);
}

void Part(GMimeObject* part) {
  if (GMIME_IS_MULTIPART(part)) {
    GMimeMultipart* const multipart = GMIME_MULTIPART(part);
    report += std::string("open ") + g_mime_content_type_get_media_subtype(g_mime_object_get_content_type(part)) + "\n";
    const int count = g_mime_multipart_get_count(multipart);
    for (int i = 0; i < count; ++i) Part(g_mime_multipart_get_part(multipart, i));
    report += "close\n";
  } else if (GMIME_IS_MESSAGE_PART(part)) {
    Forward(GMIME_MESSAGE_PART(part));
  } else if (GMIME_IS_PART(part)) {
    Leaf(GMIME_PART(part));
  } else {
    report += "unknown\n";
  }
}

bool ReadMessage(const std::string& name, GMimeParserOptions* options) {
  report.clear();
  GMimeStream* const stream = g_mime_stream_file_open((name + ".eml").c_str(), "rb", nullptr);
  if (stream == nullptr) return false;
  GMimeParser* const parser = g_mime_parser_new_with_stream(stream);
  g_object_unref(stream);
  GMimeMessage* const message = g_mime_parser_construct_message(parser, options);
  if (message != nullptr) {
    report += "subject " + Hex(g_mime_message_get_subject(message)) + "\n";
    Mailboxes("from", g_mime_message_get_from(message));
    Mailboxes("to", g_mime_message_get_to(message));
    Mailboxes("cc", g_mime_message_get_cc(message));
    Mailboxes("bcc", g_mime_message_get_bcc(message));
    Mailboxes("reply_to", g_mime_message_get_reply_to(message));
    report += std::string("date ") + (g_mime_message_get_date(message) != nullptr ? "yes\n" : "no\n");
    report += "id " + Hex(g_mime_message_get_message_id(message)) + "\n";
    if (GMimeObject* const body = g_mime_message_get_mime_part(message)) Part(body);
    g_object_unref(message);
  }
  g_object_unref(parser);
  std::ofstream(name + ".gmime") << report;
  return message != nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s COUNT DIR\n", argv[0]);
    return 2;
  }
  g_mime_init();
  GMimeParserOptions* const options = g_mime_parser_options_new();
  g_mime_parser_options_set_warning_callback(options, &OnWarning, nullptr);
  bool all = true;
  for (int i = 0; i < std::atoi(argv[1]); ++i)
    all = ReadMessage(std::string(argv[2]) + "/" + std::to_string(i), options) && all;
  g_mime_parser_options_free(options);
  g_mime_shutdown();
  return all ? 0 : 1;
}
