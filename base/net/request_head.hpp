#pragma once

#include <string>

#include "base/net/http_client.hpp"
#include "base/net/url.hpp"

namespace klaw::net {

/// The request line and fields as they go over the wire. `proxy` when a plain request goes to a proxy in absolute form.
/// InvalidArgument when a method, field name or value could not be sent as it is (line breaks would forge fields).
Result<std::string> makeRequestHead(const HttpRequest& request, const Url& url, const HttpClientOptions& options,
                                    const Url* proxy);

/// Safe by RFC 9110: asking twice does nothing more than asking once.
bool isSafeMethod(std::string_view method);
bool isToken(std::string_view text);
bool isFieldValue(std::string_view text);

}  // namespace klaw::net
