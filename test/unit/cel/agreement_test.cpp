#include <gtest/gtest.h>
#include <zlib.h>

#include <memory>
#include <sstream>
#include <stdexcept>

#include "test/cel/support/agreement.hpp"

namespace klaw::rules::cel {
namespace {

std::string unpacked(const std::string& path) {
    std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
    if (!file) throw std::runtime_error("cannot read " + path);
    std::string text, chunk(1 << 16, '\0');
    for (int size = 0; (size = gzread(file.get(), chunk.data(), static_cast<unsigned>(chunk.size()))) > 0;)
        text.append(chunk, 0, static_cast<std::size_t>(size));
    return text;
}

// The corpus: test/cel/differential with seed 42, 5,000 expressions over objects of the demo recording.
TEST(CelAgreement, IsCompleteOnTheCorpusThatCelGoEvaluated) {
    AgreementCheck check([](std::string_view difference) { ADD_FAILURE() << difference; });
    std::istringstream lines(unpacked(KLAW_SOURCE_DIR "/test/cel/corpus/agreement.jsonl.gz"));
    for (std::string line; std::getline(lines, line);) check.read(line);
    EXPECT_EQ(check.result().compared, 5000u);
    EXPECT_GT(check.result().values, 1800u);
    EXPECT_GT(check.result().refusals, 1000u);
}

TEST(CelAgreement, ReportsAValueWhereCelGoGaveAnother) {
    std::string reported;
    AgreementCheck check([&](std::string_view difference) { reported = difference; });
    check.read(R"({"object":{"a":1}})");
    check.read(R"({"o":0,"e":"object.a","v":{"uint64Value":"1"}})");
    EXPECT_EQ(reported, "object.a\n    gave   int 1\n    cel-go uint 1");
    EXPECT_EQ(check.result().agreed, 0u);
}

TEST(CelAgreement, ReportsAValueWhereCelGoGaveAnError) {
    std::string reported;
    AgreementCheck check([&](std::string_view difference) { reported = difference; });
    check.read(R"({"object":{"a":1}})");
    check.read(R"({"o":0,"e":"object.a","x":"no such key: a"})");
    EXPECT_EQ(reported, "object.a\n    gave   int 1\n    cel-go error: no such key: a");
}

TEST(CelAgreement, ReportsWhatOnlyOneOfTheTwoCompiles) {
    std::string reported;
    AgreementCheck check([&](std::string_view difference) { reported = difference; });
    check.read(R"({"object":{"a":1}})");
    check.read(R"({"o":0,"e":"1 + 1","r":"no matching overload"})");
    EXPECT_EQ(reported, "1 + 1\n    gave   int 2\n    cel-go refused: no matching overload");
    check.read(R"({"o":0,"e":"1 + 'a'","x":"no such overload"})");
    EXPECT_EQ(reported,
              "1 + 'a'\n    gave   refused: 1:3: found no matching overload for '_+_' applied to '(int, string)'\n"
              "    cel-go error: no such overload");
    check.read(R"({"o":0,"e":"1 + 'b'","c":true})");
    EXPECT_EQ(reported,
              "1 + 'b'\n    gave   refused: 1:3: found no matching overload for '_+_' applied to '(int, string)'\n"
              "    cel-go compiles");
}

TEST(CelAgreement, CountsWhatDiffersByDesignApart) {
    AgreementCheck check([](std::string_view difference) { ADD_FAILURE() << difference; });
    check.read(R"({"object":{"a":1}})");
    check.read(R"({"o":0,"e":"[1].map(.x, 1) == [1]","c":true})");
    EXPECT_EQ(check.result().compared, 0u);
    EXPECT_EQ(check.result().byDesign.size(), 1u);
}

}  // namespace
}  // namespace klaw::rules::cel
