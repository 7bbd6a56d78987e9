#include <gtest/gtest.h>

#include <fstream>

#include "agent/backup/archive_bytes.hpp"
#include "agent/backup/archive_reader.hpp"
#include "agent/backup/archive_writer.hpp"
#include "test/unit/backup/temporary_directory.hpp"

namespace klaw::backup {
namespace {

const Kind configMaps{"v1", "ConfigMap", "configmaps", true};
const Kind deployments{"apps/v1", "Deployment", "deployments", true};
constexpr int cheap = 4;  // of scrypt: these tests read thousands of archives

class ArchiveTest : public testing::Test {
protected:
    std::string written(const std::string& passphrase = {}) {
        std::optional<FileKey> key;
        if (!passphrase.empty()) key = newFileKey(passphrase, cheap).value();
        ArchiveHeader header{"nightly", "prod", "v1.36.3", *parseRfc3339("2026-11-26T02:00:00Z"),
                             {"shop"},  true,   "1.0"};
        ArchiveWriter writer(header, std::move(key));
        writer.beginList(configMaps, "shop");
        writer.object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"half"}})");
        writer.discardList();
        writer.beginList(configMaps, "shop");
        writer.object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"shop"}})");
        writer.leaveOut();
        writer.endList("100");
        writer.beginList(deployments, "shop");
        writer.object(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"}})");
        writer.endList("101");
        writer.missing("leases: 403");
        made = writer.finish();
        return writer.take();
    }
    std::shared_ptr<const LocalFile> file(const std::string& bytes) {
        auto path = directory.path() / "archive";
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
        return LocalFile::open(path).value();
    }
    Result<ArchiveSummary> verified(const std::string& bytes, const std::string& passphrase = {}) {
        return verifyArchive(file(bytes), passphrase);
    }

    TemporaryDirectory directory;
    ArchiveSummary made;
};

TEST_F(ArchiveTest, ReadsBackWhatWasWritten) {
    for (const std::string passphrase : {"", "correct horse"}) {
        auto bytes = written(passphrase);
        auto opened = file(bytes);
        ArchiveReader reader(opened, keyOfArchive(*opened, passphrase).value());
        std::vector<ArchiveReader::Object> objects;
        for (auto next = reader.next();; next = reader.next()) {
            ASSERT_TRUE(next) << next.error().describe();
            if (!*next) break;
            objects.push_back(std::move(**next));
        }
        ASSERT_EQ(objects.size(), 3u);
        EXPECT_FALSE(reader.counts(objects[0].list));
        EXPECT_TRUE(reader.counts(objects[1].list));
        EXPECT_EQ(objects[1].json,
                  R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"shop"}})");
        EXPECT_EQ(objects[2].kind, deployments);
        const auto& summary = reader.summary();
        EXPECT_EQ(summary.header.backup, "nightly");
        EXPECT_EQ(summary.header.namespaces, std::vector<std::string>{"shop"});
        EXPECT_TRUE(summary.header.secrets);
        ASSERT_EQ(summary.lists.size(), 2u);
        EXPECT_EQ(summary.lists[0].resourceVersion, "100");
        EXPECT_EQ(summary.lists[0].leftOut, 1u);
        EXPECT_EQ(summary.objects, 2u);
        EXPECT_EQ(summary.missing, std::vector<std::string>{"leases: 403"});
        EXPECT_EQ(summary.digest, made.digest);
        EXPECT_EQ(summary.bytes, bytes.size());
        EXPECT_EQ(made.bytes, bytes.size());
        EXPECT_EQ(summary.encrypted, !passphrase.empty());
    }
}

TEST_F(ArchiveTest, RefusesEveryChangedByte) {
    for (const std::string passphrase : {"", "correct horse"}) {
        auto bytes = written(passphrase);
        ASSERT_TRUE(verified(bytes, passphrase));
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            // The cost of scrypt may not be made dear by the test itself.
            bool cost = !passphrase.empty() && i == 8;
            for (unsigned char flip : {0x01, 0x80}) {
                auto changed = bytes;
                changed[i] = static_cast<char>(changed[i] ^ (cost ? 0x01 : flip));
                EXPECT_FALSE(verified(changed, passphrase)) << "byte " << i << " of " << bytes.size();
            }
        }
    }
}

TEST_F(ArchiveTest, RefusesEveryTruncationAndAnythingAdded) {
    for (const std::string passphrase : {"", "correct horse"}) {
        auto bytes = written(passphrase);
        for (std::size_t size = 0; size < bytes.size(); ++size)
            EXPECT_FALSE(verified(bytes.substr(0, size), passphrase)) << size << " of " << bytes.size();
        EXPECT_FALSE(verified(bytes + "x", passphrase));
        EXPECT_FALSE(verified(bytes + bytes, passphrase));
    }
}

TEST_F(ArchiveTest, AsksForThePassphraseAndRefusesAWrongOne) {
    auto bytes = written("correct horse");
    EXPECT_EQ(verified(bytes).error().code, ErrorCode::Unauthenticated);
    EXPECT_EQ(verified(bytes, "wrong").error().code, ErrorCode::DataLoss);
    EXPECT_EQ(bytes.find("ConfigMap"), std::string::npos);
}

TEST_F(ArchiveTest, RefusesChunksInAnotherOrder) {
    Encryptor encryptor(newFileKey("p", cheap).value());
    std::string bytes;
    encryptor.write(std::string(chunkBytes, 'a') + std::string(chunkBytes, 'b') + "end", bytes);
    encryptor.finish(bytes);
    auto key = fileKeyOf(bytes.substr(0, encryptionHeaderBytes), "p").value();
    auto chunk = [&](std::size_t i) {
        return bytes.substr(encryptionHeaderBytes + i * (chunkBytes + tagBytes), chunkBytes + tagBytes);
    };
    Decryptor whole(key), swapped(key), cut(key);
    EXPECT_EQ(whole.chunk(chunk(0), false).value(), std::string(chunkBytes, 'a'));
    EXPECT_EQ(whole.chunk(chunk(1), false).value(), std::string(chunkBytes, 'b'));
    EXPECT_EQ(whole.chunk(chunk(2), true).value(), "end");
    EXPECT_FALSE(swapped.chunk(chunk(1), false));
    EXPECT_TRUE(cut.chunk(chunk(0), false));
    EXPECT_FALSE(cut.chunk(chunk(1), true));  // as if nothing followed
}

TEST_F(ArchiveTest, ManyObjectsAreReadWithoutHoldingThem) {
    ArchiveHeader header{"big", "prod", "v1", *parseRfc3339("2026-11-26T02:00:00Z"), {}, false, ""};
    ArchiveWriter writer(header, newFileKey("p", cheap).value());
    std::string bytes;
    writer.beginList(configMaps, "");
    for (int i = 0; i < 5000; ++i) {
        std::string noise;
        for (int j = 0; j < 50; ++j) noise += std::to_string((i * 7919 + j * 104729) % 99991);
        writer.object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + std::to_string(i) +
                      R"("},"data":{"x":")" + noise + R"("}})");
        bytes += writer.take();
    }
    writer.endList("7");
    writer.finish();
    bytes += writer.take();
    ASSERT_GT(bytes.size(), 3 * chunkBytes);
    auto summary = verified(bytes, "p");
    ASSERT_TRUE(summary) << summary.error().describe();
    EXPECT_EQ(summary->objects, 5000u);
}

TEST_F(ArchiveTest, NamesSayWhichBackupAndWhen) {
    auto at = *parseRfc3339("2026-11-26T02:03:04Z");
    EXPECT_EQ(archiveFileName("nightly", at, false), "nightly-20261126T020304Z.jsonl.gz");
    auto parsed = parseArchiveFileName("night-ly-20261126T020304Z.jsonl.gz.enc");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->backup, "night-ly");
    EXPECT_EQ(parsed->at, at);
    EXPECT_TRUE(parsed->encrypted);
    EXPECT_EQ(shownArchiveName("nightly-20261126T020304Z.jsonl.gz"), "nightly-20261126T020304Z");
    for (const char* other :
         {"nightly-20261126T020304Z.jsonl.gz.partial", "nightly.jsonl.gz", "nightly-2026112xT020304Z.jsonl.gz",
          "nightly-20261326T020304Z.jsonl.gz", "notes.txt", "", "-20261126T020304Z.jsonl.gz"})
        EXPECT_FALSE(parseArchiveFileName(other)) << other;
}

TEST_F(ArchiveTest, IsReadByGzipItself) {
    auto path = directory.path() / "archive.gz";
    std::ofstream(path, std::ios::binary) << written();
    auto command =
        "gzip -dc " + path.string() + " | head -n -1 | sha256sum; gzip -dc " + path.string() + " | tail -n 1";
    std::string out;
    auto* pipe = popen(command.c_str(), "r");
    char buffer[4096];
    while (auto count = fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, count);
    ASSERT_EQ(pclose(pipe), 0);
    EXPECT_NE(out.find("\"sha256\":\"" + out.substr(0, 64) + "\""), std::string::npos) << out;
}

}  // namespace
}  // namespace klaw::backup
