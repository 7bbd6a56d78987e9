#include "base/error.hpp"

namespace klaw {

std::string_view toString(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return "InvalidArgument";
        case ErrorCode::NotFound:
            return "NotFound";
        case ErrorCode::Unauthenticated:
            return "Unauthenticated";
        case ErrorCode::PermissionDenied:
            return "PermissionDenied";
        case ErrorCode::Conflict:
            return "Conflict";
        case ErrorCode::Expired:
            return "Expired";
        case ErrorCode::ResourceExhausted:
            return "ResourceExhausted";
        case ErrorCode::Unavailable:
            return "Unavailable";
        case ErrorCode::DeadlineExceeded:
            return "DeadlineExceeded";
        case ErrorCode::Cancelled:
            return "Cancelled";
        case ErrorCode::OutcomeUnknown:
            return "OutcomeUnknown";
        case ErrorCode::DataLoss:
            return "DataLoss";
        case ErrorCode::Unsupported:
            return "Unsupported";
        case ErrorCode::Internal:
            return "Internal";
    }
    return "Internal";
}

Error Error::within(std::string_view outer) && {
    message.insert(0, std::string(outer) + ": ");
    return std::move(*this);
}

std::string Error::describe() const {
    std::string text = place.empty() ? message : place + ": " + message;
    if (!remedy.empty()) text += " (" + remedy + ")";
    return text;
}

}  // namespace klaw
