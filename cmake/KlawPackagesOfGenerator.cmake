# The .deb strips by itself, as it keeps the symbols in a package of their own.
if(CPACK_GENERATOR STREQUAL "DEB")
    set(CPACK_STRIP_FILES OFF)
endif()
