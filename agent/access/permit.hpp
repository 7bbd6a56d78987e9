#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace klaw::access {

/// Proof that somebody may send one very request to one cluster, and that this is in the audit log already. Only a Gate
/// makes one, once the row is durable; whoever changes a cluster has to show it. It is handed on, never copied.
class Permit {
public:
    enum class Extent {
        DryRun,  ///< the API server is asked what would happen; it changes nothing
        Change,
    };

    Permit(Permit&&) = default;
    Permit& operator=(Permit&&) = default;

    Extent extent() const { return extent_; }
    const std::string& identity() const { return identity_; }
    /// Of Kubernetes, in which they are there.
    const std::vector<std::string>& groups() const { return groups_; }
    const std::string& cluster() const { return cluster_; }
    const std::string& ns() const { return ns_; }  ///< empty: of the cluster as a whole
    /// Whether it was given for this request: its digestOf().
    bool covers(std::string_view request) const { return request_ == request; }
    /// The row of the audit log.
    std::int64_t auditSeq() const { return auditSeq_; }

private:
    friend class Gate;
    Permit(Extent extent, std::string identity, std::vector<std::string> groups, std::string cluster, std::string ns,
           std::string request, std::int64_t auditSeq)
        : extent_(extent),
          identity_(std::move(identity)),
          groups_(std::move(groups)),
          cluster_(std::move(cluster)),
          ns_(std::move(ns)),
          request_(std::move(request)),
          auditSeq_(auditSeq) {}

    Extent extent_;
    std::string identity_;
    std::vector<std::string> groups_;
    std::string cluster_;
    std::string ns_;
    std::string request_;
    std::int64_t auditSeq_;
};

static_assert(!std::is_copy_constructible_v<Permit> && !std::is_copy_assignable_v<Permit>);
static_assert(!std::is_default_constructible_v<Permit> && !std::is_aggregate_v<Permit>);
static_assert(!std::is_constructible_v<Permit, Permit::Extent, std::string, std::vector<std::string>, std::string,
                                       std::string, std::string, std::int64_t>);

/// SHA-256 over method, path and body, each with its length before it.
std::string digestOf(std::string_view method, std::string_view path, std::string_view body);

}  // namespace klaw::access
