#include "storage/postgres/postgres_error.hpp"

namespace klaw::storage {
namespace {

/// The first line, without the "ERROR:" that libpq puts before it.
std::string sentence(std::string_view message) {
    auto line = message.substr(0, message.find('\n'));
    for (std::string_view prefix : {"ERROR:", "FATAL:", "PANIC:"})
        if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
    while (line.starts_with(' ')) line.remove_prefix(1);
    return std::string(line);
}

}  // namespace

Error postgresUnreachable(std::string_view message, const std::string& place) {
    return Error(ErrorCode::Unavailable, "the database server cannot be reached: " + sentence(message), place,
                 "check that it runs, and address, user and password")
        .withRetry(Retry::later());
}

Error postgresTooSlow(const std::string& place) {
    return Error(ErrorCode::Unavailable, "the database server does not answer in time", place,
                 "check its load and the network")
        .withRetry(Retry::later());
}

Error postgresError(std::string_view state, std::string_view message, const std::string& place) {
    auto what = sentence(message);
    auto kind = state.substr(0, 2);
    if (state == "53100")
        return Error(ErrorCode::ResourceExhausted, "the disk of the database server is full", place,
                     "free some space; what waits is written then")
            .withRetry(Retry::later());
    if (state == "57014") return postgresTooSlow(place);
    if (state == "55P03")
        return Error(ErrorCode::Unavailable, "the database is locked by another session", place, "end the other one")
            .withRetry(Retry::later());
    bool passing = kind == "53" || kind == "57" || kind == "58" || kind == "40" || state == "25P03" ||
                   (kind == "08" && state != "08P01");
    if (passing)
        return Error(ErrorCode::Unavailable, "the database server fails: " + what, place, "look into its log")
            .withRetry(Retry::later());
    if (kind == "23") return Error(ErrorCode::Conflict, "refused by the database: " + what, place);
    if (kind == "XX")
        return Error(ErrorCode::DataLoss, "the database is damaged: " + what, place,
                     "restore a copy, or give Klaw an empty database: open problems are found again");
    if (state == "42501" || state == "25006" || kind == "28")
        return Error(ErrorCode::PermissionDenied, "no right to the database: " + what, place,
                     "grant it to the user of the address");
    if (kind == "3D" || kind == "3F") return Error(ErrorCode::NotFound, what, place, "create it on the server");
    if (kind == "22" || kind == "54")
        return Error(ErrorCode::InvalidArgument, "refused by the database: " + what, place);
    return Error(ErrorCode::Internal, "PostgreSQL: " + what, place);
}

}  // namespace klaw::storage
