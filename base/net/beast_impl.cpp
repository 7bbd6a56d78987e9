// The one translation unit that compiles Beast's definitions.
#include <boost/beast/src.hpp>
