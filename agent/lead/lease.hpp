#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::lead {

/// A Lease of coordination.k8s.io/v1, as far as an election goes by it.
struct Lease {
    std::string holder;        ///< empty: nobody's
    std::int64_t seconds = 0;  ///< for which it is not taken from its holder after a renewal was seen
    std::string acquireTime;   ///< as written; by the holder's clock, which is nobody else's
    std::string renewTime;     ///< the same
    std::int64_t transitions = 0;
    std::string resourceVersion;  ///< an update is for this one; empty: to be made
    std::string document;         ///< all of it as the server gave it: what others have put there stays

    /// Whether somebody wrote the same election record. Labels and the like are no sign of life.
    bool sameRecord(const Lease& other) const;
};

/// DataLoss where the answer is no Lease.
Result<Lease> leaseFromJson(const std::string& body);
/// The document with the record in it.
std::string toJson(const Lease& lease, const std::string& ns, const std::string& name);
/// "2026-11-27T01:38:06.000123Z": MicroTime always has six digits.
std::string formatMicroTime(TimePoint time);

}  // namespace klaw::lead
