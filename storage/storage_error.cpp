#include "storage/storage_error.hpp"

namespace klaw::storage {

bool isEnvironmental(const Error& error) {
    switch (error.code) {
        case ErrorCode::ResourceExhausted:
        case ErrorCode::Unavailable:
        case ErrorCode::DataLoss:
        case ErrorCode::PermissionDenied:
        case ErrorCode::NotFound:
            return true;
        default:
            return false;
    }
}

Error overtaken(const std::string& place) {
    return Error(ErrorCode::Expired, "another agent has taken over the database; nothing of this one is written", place,
                 "stop one of the two, or give it a database of its own");
}

bool isOvertaken(const Error& error) {
    return error.code == ErrorCode::Expired;
}

}  // namespace klaw::storage
