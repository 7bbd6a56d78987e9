#include "notifiers/notifier.hpp"

namespace klaw::notifiers {

Task<Result<Receipt>> Notifier::update(std::string, Card, SendContext) {
    co_return fail(ErrorCode::Unsupported, "cards of kind " + std::string(kind()) + " cannot be changed once sent",
                   std::string(name()));
}

Task<Result<Receipt>> Notifier::ring(std::string, Card, SendContext) {
    co_return fail(ErrorCode::Unsupported, "nobody can be rung by a channel of kind " + std::string(kind()),
                   std::string(name()));
}

}  // namespace klaw::notifiers
