#pragma once

#include <string>

#include "base/time.hpp"

namespace klaw::storage {

/// A silence of people as it stands in an Alertmanager.
struct SilenceCopy {
    std::string silenceId;     ///< Klaw's
    std::string alertmanager;  ///< as configured
    /// The Alertmanager's. Empty: a request was about to leave and its answer is not known, so that a copy may be
    /// there.
    std::string remoteId;
    TimePoint endsAt{};  ///< there; the latest possible while the answer is not known
    friend bool operator==(const SilenceCopy&, const SilenceCopy&) = default;
};

}  // namespace klaw::storage
