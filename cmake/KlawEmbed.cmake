# klaw_embed(TARGET FUNCTION FILE…): adds to the target the function
#   std::span<const klaw::EmbeddedFile> klaw::<FUNCTION>()
# that gives the files by base name. Files become part of the read-only data by the assembler; they are rebuilt on change.
function(klaw_embed target function)
    set(assembly "")
    set(declarations "")
    set(rows "")
    set(index 0)
    foreach(file IN LISTS ARGN)
        get_filename_component(path ${file} ABSOLUTE)
        get_filename_component(name ${file} NAME)
        set(symbol "klaw_${function}_${index}")
        string(APPEND assembly "__asm__(\".section .rodata\\n.balign 64\\n.global ${symbol}\\n${symbol}:\\n.incbin \\\"${path}\\\"\\n.global ${symbol}_end\\n${symbol}_end:\\n.byte 0\\n.previous\\n\");\n")
        string(APPEND declarations "extern \"C\" const char ${symbol}[], ${symbol}_end[];\n")
        string(APPEND rows "        {\"${name}\", {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}},\n")
        list(APPEND paths ${path})
        math(EXPR index "${index} + 1")
    endforeach()
    set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded_${function}.cpp)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
#include "base/embedded.hpp"

#include <array>

@declarations@
@assembly@
namespace klaw {
std::span<const EmbeddedFile> @function@() {
    static const std::array<EmbeddedFile, @index@> files{{
@rows@    }};
    return files;
}
}  // namespace klaw
]])
    set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${paths}")
    target_sources(${target} PRIVATE ${source})
endfunction()
