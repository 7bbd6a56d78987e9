#include "notifiers/feishu/frame.hpp"

#include <optional>

namespace klaw::notifiers::feishu {
namespace {

// Wire types of https://protobuf.dev/programming-guides/encoding/
enum Wire : unsigned { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

void putVarint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

void putNumber(std::string& out, unsigned field, std::uint64_t value) {
    putVarint(out, field << 3 | Varint);
    putVarint(out, value);
}

void putBytes(std::string& out, unsigned field, std::string_view value) {
    putVarint(out, field << 3 | Bytes);
    putVarint(out, value.size());
    out += value;
}

/// A negative number takes ten bytes.
std::uint64_t widened(std::int32_t value) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
}

/// One field after the other. `ok` is false once something was malformed.
class FieldReader {
public:
    explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

    bool next() {
        if (rest_.empty() || !ok) return false;
        auto tag = varint();
        field = static_cast<unsigned>(tag >> 3);
        wire = static_cast<unsigned>(tag & 7);
        if (field == 0) ok = false;
        if (ok) readValue();
        return ok;
    }

    unsigned field = 0;
    unsigned wire = 0;
    std::uint64_t number = 0;
    std::string_view text;
    bool ok = true;

private:
    void readValue() {
        if (wire == Varint)
            number = varint();
        else if (wire == Bytes)
            text = take(varint());
        else if (wire == Fixed64)
            take(8);
        else if (wire == Fixed32)
            take(4);
        else
            ok = false;
    }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < 10 && i < rest_.size(); ++i) {
            auto byte = static_cast<unsigned char>(rest_[i]);
            value |= std::uint64_t(byte & 0x7f) << (7 * i);
            if (byte >= 0x80) continue;
            rest_.remove_prefix(i + 1);
            return value;
        }
        ok = false;
        return 0;
    }
    std::string_view take(std::uint64_t count) {
        if (count > rest_.size()) {
            ok = false;
            return {};
        }
        auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    std::string_view rest_;
};

std::optional<std::pair<std::string, std::string>> decodeHeader(std::string_view bytes) {
    std::pair<std::string, std::string> header;
    bool hasKey = false, hasValue = false;
    FieldReader fields(bytes);
    while (fields.next()) {
        if (fields.wire != Bytes) continue;
        if (fields.field == 1) header.first = fields.text, hasKey = true;
        if (fields.field == 2) header.second = fields.text, hasValue = true;
    }
    if (!fields.ok || !hasKey || !hasValue) return std::nullopt;
    return header;
}

}  // namespace

std::string_view Frame::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (key == name) return value;
    return {};
}

std::string encodeFrame(const Frame& frame) {
    std::string out;
    putNumber(out, 1, frame.seqId);
    putNumber(out, 2, frame.logId);
    putNumber(out, 3, widened(frame.service));
    putNumber(out, 4, widened(frame.method));
    for (const auto& [key, value] : frame.headers) {
        std::string header;
        putBytes(header, 1, key);
        putBytes(header, 2, value);
        putBytes(out, 5, header);
    }
    if (!frame.payloadEncoding.empty()) putBytes(out, 6, frame.payloadEncoding);
    if (!frame.payloadType.empty()) putBytes(out, 7, frame.payloadType);
    if (!frame.payload.empty()) putBytes(out, 8, frame.payload);
    if (!frame.logIdNew.empty()) putBytes(out, 9, frame.logIdNew);
    return out;
}

Result<Frame> decodeFrame(std::string_view bytes) {
    auto malformed = [] { return fail(ErrorCode::InvalidArgument, "a malformed frame"); };
    Frame frame;
    unsigned required = 0;
    FieldReader fields(bytes);
    while (fields.next()) {
        bool isNumber = fields.field <= 4;
        if (fields.field > 9) continue;
        if (fields.wire != (isNumber ? Varint : Bytes)) return malformed();
        if (isNumber) required |= 1u << fields.field;
        switch (fields.field) {
            case 1:
                frame.seqId = fields.number;
                break;
            case 2:
                frame.logId = fields.number;
                break;
            case 3:
                frame.service = static_cast<std::int32_t>(fields.number);
                break;
            case 4:
                frame.method = static_cast<std::int32_t>(fields.number);
                break;
            case 5: {
                auto header = decodeHeader(fields.text);
                if (!header) return malformed();
                frame.headers.push_back(std::move(*header));
                break;
            }
            case 6:
                frame.payloadEncoding = fields.text;
                break;
            case 7:
                frame.payloadType = fields.text;
                break;
            case 8:
                frame.payload = fields.text;
                break;
            case 9:
                frame.logIdNew = fields.text;
                break;
        }
    }
    if (!fields.ok || required != 0b11110) return malformed();
    return frame;
}

}  // namespace klaw::notifiers::feishu
