#include "storage/chain_check.hpp"

namespace klaw::storage {

ChainCheck::ChainCheck(std::optional<AuditAnchor> anchor) {
    if (anchor) report_.head = {anchor->seq, anchor->hash};
    report_.anchor = std::move(anchor);
}

void ChainCheck::see(const AuditRow& row) {
    if (report_.broken) return;
    if (row.seq != report_.head.seq + 1) return refuse(report_.head.seq + 1, "the row is missing");
    if (row.prevHash != report_.head.hash) return refuse(row.seq, "the row does not continue the one before it");
    if (auditHash(row) != row.hash) return refuse(row.seq, "the row's content does not fit its hash");
    report_.head = {row.seq, row.hash};
    ++report_.rows;
    told_ = told_ || (report_.anchor && row.entry.action == auditRetention &&
                      row.entry.detail == retentionDetail(*report_.anchor));
}

void ChainCheck::end() {
    if (report_.broken || !report_.anchor || told_) return;
    refuse(report_.anchor->seq + 1, "the rows before it are gone, and the log does not say why");
}

}  // namespace klaw::storage
