#include "notifiers/feishu/frame.hpp"

#include <gmock/gmock.h>

#include "base/digest.hpp"
#include "notifiers/feishu/fragments.hpp"

namespace klaw::notifiers::feishu {
namespace {

// Made with the code that the platform's official client generates from its own description.
constexpr auto pingBytes = "0800100018f681801020002a0c0a0474797065120470696e67";
constexpr auto answerBytes =
    "080710ac0218f681801020012a0d0a047479706512056576656e742a100a0a6d6573736167655f696412026d312a080a0373756d1201312a08"
    "0a037365711201302a0e0a0874726163655f6964120274312a0c0a0662697a5f727412023132420c7b22636f6465223a3230307d4a024c31";
constexpr auto negativeBytes = "0801100218ffffffffffffffffff012000";

std::string bytesOf(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return bytes;
}

Frame pingFrame() {
    Frame frame;
    frame.service = 33554678;
    frame.headers = {{"type", "ping"}};
    return frame;
}

Frame answerFrame() {
    Frame frame;
    frame.seqId = 7;
    frame.logId = 300;
    frame.service = 33554678;
    frame.method = Frame::data;
    frame.headers = {{"type", "event"}, {"message_id", "m1"}, {"sum", "1"},
                     {"seq", "0"},      {"trace_id", "t1"},   {"biz_rt", "12"}};
    frame.payload = R"({"code":200})";
    frame.logIdNew = "L1";
    return frame;
}

Frame negativeFrame() {
    Frame frame;
    frame.seqId = 1;
    frame.logId = 2;
    frame.service = -1;
    return frame;
}

TEST(FeishuFrame, IsWrittenAsTheOfficialClientsWriteIt) {
    EXPECT_EQ(hexEncode(encodeFrame(pingFrame())), pingBytes);
    EXPECT_EQ(hexEncode(encodeFrame(answerFrame())), answerBytes);
    EXPECT_EQ(hexEncode(encodeFrame(negativeFrame())), negativeBytes);
}

TEST(FeishuFrame, IsReadBackAsItWas) {
    for (const auto& [bytes, frame] :
         {std::pair(pingBytes, pingFrame()), {answerBytes, answerFrame()}, {negativeBytes, negativeFrame()}}) {
        auto read = decodeFrame(bytesOf(bytes));
        ASSERT_TRUE(read) << bytes;
        EXPECT_EQ(*read, frame);
    }
}

TEST(FeishuFrame, SkipsFieldsOfALaterVersion) {
    auto later = bytesOf(negativeBytes) + bytesOf("5a03616263") + bytesOf("6005") + bytesOf("690102030405060708");
    auto read = decodeFrame(later);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, negativeFrame());
}

TEST(FeishuFrame, RefusesWhatIsTruncatedOrIncomplete) {
    auto whole = bytesOf(answerBytes);
    for (std::size_t size = 0; size < whole.size(); ++size)
        if (auto read = decodeFrame(whole.substr(0, size))) {
            EXPECT_NE(*read, answerFrame()) << size;  // cut between fields
        }
    EXPECT_FALSE(decodeFrame(bytesOf("0801")));                            // fields are missing
    EXPECT_FALSE(decodeFrame(bytesOf("08ffffffffffffffffffffff")));        // a number without end
    EXPECT_FALSE(decodeFrame(bytesOf("080110021800200042ffffffff0f61")));  // longer than it is
    EXPECT_FALSE(decodeFrame(bytesOf("0b")));                              // a group
}

TEST(FeishuFragments, AreJoinedInWhateverOrderTheyCome) {
    Fragments fragments;
    TimePoint now{};
    EXPECT_EQ(*fragments.add("m", 3, 2, "c", now), std::nullopt);
    EXPECT_EQ(*fragments.add("m", 3, 0, "a", now), std::nullopt);
    EXPECT_EQ(*fragments.add("m", 3, 0, "a", now), std::nullopt);  // once more
    EXPECT_EQ(*fragments.add("m", 3, 1, "", now), "ac");
    EXPECT_EQ(fragments.open(), 0u);
    EXPECT_EQ(*fragments.add("n", 1, 0, "whole", now), "whole");
}

TEST(FeishuFragments, AreForgottenWhenOneNeverComes) {
    Fragments fragments;
    TimePoint now{};
    ASSERT_TRUE(fragments.add("m", 2, 0, "a", now));
    ASSERT_TRUE(fragments.add("n", 2, 0, "b", now + Fragments::lifetime));
    EXPECT_EQ(fragments.open(), 1u);
    EXPECT_EQ(fragments.expired(), 1u);
}

TEST(FeishuFragments, ThatCannotBeAreRefused) {
    Fragments fragments;
    TimePoint now{};
    EXPECT_FALSE(fragments.add("m", 0, 0, "", now));
    EXPECT_FALSE(fragments.add("m", 2, 2, "", now));
    EXPECT_FALSE(fragments.add("m", 5000, 1, "", now));
    ASSERT_TRUE(fragments.add("m", 3, 1, "", now));
    EXPECT_FALSE(fragments.add("m", 2, 0, "", now));
    EXPECT_FALSE(fragments.add("big", 2, 0, std::string(Fragments::maxBytes + 1, 'x'), now));
    for (int i = 0; i < 100; ++i) (void)fragments.add("open" + std::to_string(i), 2, 0, "x", now);
    EXPECT_LE(fragments.open(), Fragments::maxOpen);
}

}  // namespace
}  // namespace klaw::notifiers::feishu
