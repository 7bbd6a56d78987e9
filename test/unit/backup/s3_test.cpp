#include <gtest/gtest.h>

#include "agent/backup/s3_client.hpp"
#include "agent/backup/s3_signature.hpp"
#include "base/digest.hpp"

namespace klaw::backup {
namespace {

constexpr auto empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
std::string signatureOf(net::HttpRequest request, const std::string& hash) {
    S3Credentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", "us-east-1"};
    signRequest(request, credentials, hash, *parseRfc3339("2013-05-24T00:00:00Z"));
    auto header = std::string(*request.headers.get("Authorization"));
    EXPECT_TRUE(
        header.starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"));
    return header.substr(header.find("Signature=") + 10);
}

TEST(S3SignatureTest, GetObjectIsSignedAsInTheDocumentation) {
    net::HttpRequest request("GET", "https://examplebucket.s3.amazonaws.com/test.txt");
    request.headers.add("Range", "bytes=0-9");
    EXPECT_EQ(signatureOf(request, empty), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3SignatureTest, PutObjectIsSignedAsInTheDocumentation) {
    net::HttpRequest request("PUT", "https://examplebucket.s3.amazonaws.com/test%24file.text");
    request.headers.add("Date", "Fri, 24 May 2013 00:00:00 GMT");
    request.headers.add("x-amz-storage-class", "REDUCED_REDUNDANCY");
    EXPECT_EQ(signatureOf(request, sha256Hex("Welcome to Amazon S3.")),
              "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3SignatureTest, QueryWithoutValueIsSignedAsInTheDocumentation) {
    net::HttpRequest request("GET", "https://examplebucket.s3.amazonaws.com/?lifecycle");
    EXPECT_EQ(signatureOf(request, empty), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3SignatureTest, QueryIsSortedAsInTheDocumentation) {
    net::HttpRequest request("GET", "https://examplebucket.s3.amazonaws.com/?prefix=J&max-keys=2");
    EXPECT_EQ(signatureOf(request, empty), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(S3ClientTest, ReadsElementsWithTheirEntities) {
    const std::string xml =
        "<List><Contents><Key>a&amp;b</Key><Size>3</Size></Contents><Contents><Key>c</Key></Contents></List>";
    EXPECT_EQ(xmlElements(xml, "Contents").size(), 2u);
    EXPECT_EQ(xmlElement(xml, "Key"), "a&b");
    EXPECT_EQ(xmlElement(xml, "Missing"), "");
    EXPECT_EQ(xmlElement("<Key>no end", "Key"), "");
}

}  // namespace
}  // namespace klaw::backup
