#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace klaw::operate {

/// A command as it may stand in the audit log: without what looks like a secret, and of a command about Secrets without
/// any value, whatever it looks like. Cut where it is long.
std::string recordable(std::string_view command);

/// The arguments of a command that is run in a container, without what looks like a secret.
std::vector<std::string> recordableArguments(const std::vector<std::string>& arguments);

/// Whether a command is about objects of the kind Secret.
bool isAboutSecrets(std::string_view command);

}  // namespace klaw::operate
