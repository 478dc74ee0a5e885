// The header fields of an attachment: its type, its name by RFC 2183 and RFC 2231, and by what older readers look for.
// Invariant: all that is written is ASCII, whatever the name holds.
#ifndef SMTPOLL_MESSAGE_ATTACHMENT_FIELDS_HPP
#define SMTPOLL_MESSAGE_ATTACHMENT_FIELDS_HPP

#include <string_view>

#include "smtpoll/base/text_buffer.hpp"
#include "smtpoll/message/attachment_plan.hpp"
#include "smtpoll/message/file_name.hpp"
#include "smtpoll/message/utf8.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// `scratch` and `name` are room that its owner keeps for the next attachment.
class AttachmentFields {
 public:
  AttachmentFields(TextBuffer& out, TextBuffer& scratch, TextBuffer& name) noexcept
      : out_(out), scratch_(scratch), name_(name) {}

  /// Writes them all but the transfer encoding.
  void Write(const EmailAttachment& one, const AttachmentPlan& plan, std::string_view disposition) {
    HeaderWriter writer(out_);
    writer.Begin("Content-Type");
    writer.Word(plan.type);
    if (plan.is_utf8) {
      writer.Glue(";");
      writer.Word("charset=utf-8");
    }
    if (!IsAllAscii(one.Name)) NameForOldReaders(writer, one.Name);
    writer.End();
    writer.Begin("Content-Disposition");
    writer.Word(disposition);
    if (!one.Name.empty()) WriteFileName(one.Name, writer, out_);
    writer.End();
    if (!one.InlineContentID.empty()) {
      scratch_.assign("<").append(one.InlineContentID).append(">");
      writer.Field("Content-ID", scratch_);
    }
  }

 private:
  /// Readers that do not know RFC 2231 look here: the name with a low line for each character that is not ASCII. Not as
  /// a second filename parameter, which others take for a fault.
  void NameForOldReaders(HeaderWriter& writer, std::string_view name) {
    TextBuffer& plain = name_;
    plain.clear();
    while (!name.empty() && plain.size() < 60) {
      const Utf8Character character = FirstCharacter(name);
      plain += character.bytes.size() == 1 && IsPrint(character.bytes[0]) ? character.bytes[0] : '_';
      name.remove_prefix(character.consumed);
    }
    writer.Glue(";");
    scratch_.assign("name=");
    AppendQuoted(Trim(plain), scratch_);
    writer.Word(scratch_);
  }

  TextBuffer& out_;
  TextBuffer& scratch_;
  TextBuffer& name_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
