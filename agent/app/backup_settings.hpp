#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/backup/s3_client.hpp"
#include "agent/backup/schedule.hpp"
#include "agent/kube/cluster_source.hpp"

namespace klaw::app {

/// A backup of the configuration.
struct BackupConfig {
    enum class Secrets {
        LeaveOut,
        Encrypted,  ///< they are in archives, which are encrypted
        Plain,      ///< they are in archives as they are
    };
    std::string name;
    std::string cluster;                  ///< empty: the first one
    std::vector<std::string> namespaces;  ///< empty: all, and what is of the cluster
    backup::Schedule schedule;            ///< empty: made only when somebody asks
    backup::Retention keep;
    std::filesystem::path directory;  ///< where archives go; or:
    std::optional<backup::S3Place> s3;
    backup::S3Credentials credentials;
    std::string passphrase;  ///< empty: archives are not encrypted
    std::optional<kube::SecretReference> passphraseFrom, accessKeyFrom, secretKeyFrom;
    std::optional<Secrets> writtenSecrets;

    bool encrypts() const { return !passphrase.empty() || passphraseFrom; }
    Secrets secrets() const { return writtenSecrets.value_or(encrypts() ? Secrets::Encrypted : Secrets::LeaveOut); }
};

}  // namespace klaw::app
