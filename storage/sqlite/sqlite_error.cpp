#include "storage/sqlite/sqlite_error.hpp"

#include <sqlite3.h>

#include <string>

namespace klaw::storage {

Error sqliteError(sqlite3* handle, int code, std::string_view path) {
    std::string what = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    std::string place(path);
    switch (code & 0xFF) {
        case SQLITE_FULL:
            return Error(ErrorCode::ResourceExhausted, "the disk is full", place,
                         "free some space; what waits is written then")
                .withRetry(Retry::later());
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Error(ErrorCode::Unavailable, "the database is locked by another process", place,
                         "stop the other one")
                .withRetry(Retry::later());
        case SQLITE_IOERR:
            return Error(ErrorCode::Unavailable, "the disk fails: " + what, place, "check the disk")
                .withRetry(Retry::later());
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return Error(ErrorCode::DataLoss, "the database is damaged: " + what, place,
                         "restore a copy, or move the file away and start anew: open problems are found again");
        case SQLITE_CANTOPEN:
            return Error(ErrorCode::NotFound, "cannot open the database: " + what, place,
                         "check that the directory exists and is writable");
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return Error(ErrorCode::PermissionDenied, "no right to write the database: " + what, place,
                         "check owner and mode of file and directory");
        case SQLITE_CONSTRAINT:
            return Error(ErrorCode::Conflict, "refused by the database: " + what, place);
        case SQLITE_NOMEM:
            return Error(ErrorCode::ResourceExhausted, what, place);
        case SQLITE_TOOBIG:
            return Error(ErrorCode::InvalidArgument, "too large for the database: " + what, place);
        default:
            return Error(ErrorCode::Internal, "SQLite: " + what, place);
    }
}

}  // namespace klaw::storage
