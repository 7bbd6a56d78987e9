#pragma once

#include <string>
#include <string_view>

namespace klaw {

/// Replaces what looks like a secret by `***`: private key blocks, JWTs, Authorization and Cookie headers, passwords in
/// URLs, values of keys such as `password=`, `"api_key": ` or `--token `, and the well-known token shapes of clouds
/// and forges. For text from logs, events, specs and error messages before people see it; pass whole blocks, since a
/// key may span lines. It errs on the side of masking, and masking twice changes nothing more. Linear in the text.
std::string maskSecrets(std::string_view text);

/// Whether `key` names a secret: "DB_PASSWORD", "--api-key", "clientSecret"; not "secretName" or "token_ttl".
bool namesSecret(std::string_view key, std::string_view value);

}  // namespace klaw
