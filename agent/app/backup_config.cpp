#include "agent/app/backup_config.hpp"

#include <algorithm>
#include <set>

#include "agent/app/config_values.hpp"
#include "base/net/url.hpp"
#include "rules/load/value_readers.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

constexpr Duration shortestInterval = 1min;

void readCron(const YamlCursor& value, BackupConfig& backup) {
    auto schedule = CronSchedule::parse(value.text("schedule").value);
    if (!schedule)
        value.error("schedule: " + schedule.error().message, schedule.error().remedy);
    else if (!schedule->nextAfter(TimePoint(), *TimeZone::utc()))
        value.error("schedule: such a day never comes");
    else
        backup.schedule.cron = *schedule;
}

void readZone(const YamlCursor& value, BackupConfig& backup) {
    auto name = value.text("time_zone").value;
    backup.schedule.zone = TimeZone::find(name);
    if (!backup.schedule.zone)
        value.error("time_zone: there is no time zone \"" + name + "\"", "write for example Asia/Shanghai or UTC");
}

void readEvery(const YamlCursor& value, BackupConfig& backup) {
    backup.schedule.every = rules::readDuration(value, "every");
    if (*backup.schedule.every < shortestInterval)
        value.error("every: a backup is made once a minute at most", "write for example 24h");
}

void readSecrets(const YamlCursor& value, BackupConfig& backup) {
    auto text = value.text("secrets").value;
    if (text == "leave_out")
        backup.writtenSecrets = BackupConfig::Secrets::LeaveOut;
    else if (text == "encrypted")
        backup.writtenSecrets = BackupConfig::Secrets::Encrypted;
    else if (text == "plain")
        backup.writtenSecrets = BackupConfig::Secrets::Plain;
    else
        value.error("secrets: \"" + text + "\" is not known", "leave_out, encrypted or plain");
}

std::int64_t readCount(const YamlCursor& value, std::string_view key) {
    auto number = value.integer(key).value_or(1);
    if (number < 1) value.error(std::string(key) + ": write 1 or more");
    return std::max<std::int64_t>(number, 1);
}

// clang-format off
constexpr Field<BackupConfig> s3Fields[] = {
    {"endpoint", [](const YamlCursor& v, BackupConfig& b) { b.s3->endpoint = v.text("endpoint").value; }},
    {"bucket", [](const YamlCursor& v, BackupConfig& b) { b.s3->bucket = v.text("bucket").value; }},
    {"prefix", [](const YamlCursor& v, BackupConfig& b) { b.s3->prefix = v.text("prefix").value; }},
    {"region", [](const YamlCursor& v, BackupConfig& b) { b.credentials.region = v.text("region").value; }},
    {"access_key", [](const YamlCursor& v, BackupConfig& b) { readSecret(v, "access_key", b.credentials.accessKey, b.accessKeyFrom); }},
    {"access_key_file", [](const YamlCursor& v, BackupConfig& b) { b.credentials.accessKey = secretFromFile(v, "access_key_file"); }},
    {"access_key_env", [](const YamlCursor& v, BackupConfig& b) { b.credentials.accessKey = secretFromEnvironment(v, "access_key_env"); }},
    {"secret_key", [](const YamlCursor& v, BackupConfig& b) { readSecret(v, "secret_key", b.credentials.secretKey, b.secretKeyFrom); }},
    {"secret_key_file", [](const YamlCursor& v, BackupConfig& b) { b.credentials.secretKey = secretFromFile(v, "secret_key_file"); }},
    {"secret_key_env", [](const YamlCursor& v, BackupConfig& b) { b.credentials.secretKey = secretFromEnvironment(v, "secret_key_env"); }},
    {"session_token_env", [](const YamlCursor& v, BackupConfig& b) { b.credentials.sessionToken = secretFromEnvironment(v, "session_token_env"); }},
};

constexpr Field<BackupConfig> placeFields[] = {
    {"directory", [](const YamlCursor& v, BackupConfig& b) { b.directory = resolved(v, v.text("directory").value); }},
    {"s3", [](const YamlCursor& v, BackupConfig& b) {
        b.s3.emplace();
        rules::decodeFields<BackupConfig>(v, "s3", s3Fields, b);
    }},
};

constexpr Field<BackupConfig> keepFields[] = {
    {"last", [](const YamlCursor& v, BackupConfig& b) { b.keep.last = static_cast<std::size_t>(readCount(v, "last")); }},
    {"days", [](const YamlCursor& v, BackupConfig& b) { b.keep.age = readCount(v, "days") * Duration(24h); }},
};

constexpr Field<BackupConfig> encryptionFields[] = {
    {"passphrase", [](const YamlCursor& v, BackupConfig& b) { readSecret(v, "passphrase", b.passphrase, b.passphraseFrom); }},
    {"passphrase_file", [](const YamlCursor& v, BackupConfig& b) { b.passphrase = secretFromFile(v, "passphrase_file"); }},
    {"passphrase_env", [](const YamlCursor& v, BackupConfig& b) { b.passphrase = secretFromEnvironment(v, "passphrase_env"); }},
};

void readEncryption(const YamlCursor& value, BackupConfig& backup) {
    rules::decodeFields<BackupConfig>(value, "encryption", encryptionFields, backup);
    if (!backup.encrypts()) value.error("encryption: the passphrase is empty", "write one, or leave out `encryption`");
}

constexpr Field<BackupConfig> backupFields[] = {
    {"name", [](const YamlCursor& v, BackupConfig& b) { b.name = v.text("name").value; }},
    {"cluster", [](const YamlCursor& v, BackupConfig& b) { b.cluster = v.text("cluster").value; }},
    {"namespaces", [](const YamlCursor& v, BackupConfig& b) { b.namespaces = rules::values(v.texts("namespaces")); }},
    {"schedule", readCron},
    {"time_zone", readZone},
    {"every", readEvery},
    {"keep", [](const YamlCursor& v, BackupConfig& b) { rules::decodeFields<BackupConfig>(v, "keep", keepFields, b); }},
    {"to", [](const YamlCursor& v, BackupConfig& b) { rules::decodeFields<BackupConfig>(v, "to", placeFields, b); }},
    {"secrets", readSecrets},
    {"encryption", readEncryption},
};
// clang-format on

bool isFileName(const std::string& name) {
    return !name.empty() && name.size() <= 63 && name.front() != '-' && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

void checkPlace(const YamlCursor& item, const BackupConfig& backup) {
    if (backup.directory.empty() == !backup.s3)
        return item.error("backups: \"" + backup.name + "\" has no place, or two",
                          "add `to`: {directory: …} or {s3: …}");
    if (!backup.s3) return;
    auto url = net::parseUrl(backup.s3->endpoint);
    if (!url || url->target != "/" || backup.s3->endpoint.ends_with('/'))
        item.error("s3: the endpoint is no address", "write for example https://s3.eu-central-1.amazonaws.com");
    if (backup.s3->bucket.empty()) item.error("s3: there is no bucket", "add `bucket`");
    bool keys = (!backup.credentials.accessKey.empty() || backup.accessKeyFrom) &&
                (!backup.credentials.secretKey.empty() || backup.secretKeyFrom);
    if (!keys)
        item.error("s3: there are no credentials", "add `access_key_env` and `secret_key_env`, or the same from files");
}

}  // namespace

void readBackups(const YamlCursor& value, Config& config) {
    std::set<std::string> names;
    for (const auto& item : value.items("backups")) {
        BackupConfig backup;
        rules::decodeFields<BackupConfig>(item, "backups", backupFields, backup);
        if (!isFileName(backup.name))
            item.error("backups: one without a proper name", "add `name`, of small letters, digits and -");
        if (backup.name.ends_with("_part"))
            item.error("backups: \"" + backup.name + "\": such names are those of parts", "choose another name");
        if (!names.insert(backup.name).second)
            item.error("the backup \"" + backup.name + "\" is there twice", "choose another name");
        if (backup.schedule.cron && backup.schedule.every)
            item.error("backups: `schedule` and `every` at once", "leave out one of them");
        if (backup.secrets() == BackupConfig::Secrets::Encrypted && !backup.encrypts())
            item.error("secrets: encrypted, but there is no passphrase", "add `encryption: {passphrase_file: …}`");
        checkPlace(item, backup);
        config.backups.push_back(std::move(backup));
    }
}

void checkBackups(const YamlCursor& root, const Config& config) {
    bool named = std::ranges::all_of(config.clusters, [](const ClusterConfig& each) { return !each.name.empty(); });
    if (!named) return;  // contexts and directories name some as they are found
    for (const auto& backup : config.backups)
        if (!backup.cluster.empty() &&
            std::ranges::find(config.clusters, backup.cluster, &ClusterConfig::name) == config.clusters.end())
            root.error("backups: there is no cluster \"" + backup.cluster + "\"", "name one of `clusters`");
}

}  // namespace klaw::app
