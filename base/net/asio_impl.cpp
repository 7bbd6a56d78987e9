// The one translation unit that compiles Asio's definitions.
#include <boost/asio/impl/src.hpp>
