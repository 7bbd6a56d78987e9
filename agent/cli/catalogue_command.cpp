#include <iostream>

#include "agent/cli/commands.hpp"
#include "agent/operate/catalogue.hpp"

namespace klaw::cli {

int catalogueCommand() {
    std::cout << operate::markdownTable();
    return 0;
}

}  // namespace klaw::cli
