# What both builds of the suite have in common. Bad pointers and lengths are what is tested, so the
# compiler is not to warn of them, nor to know what malloc and its like do.
file(GLOB POSIX_SOURCES CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_LIST_DIR}/*.c ${CMAKE_CURRENT_LIST_DIR}/*/*.c)
set(POSIX_OPTIONS -Wno-stringop-overflow -Wno-stringop-overread -Wno-nonnull -Wno-array-bounds -Wno-alloc-size-larger-than
  -Wno-unused-result -fno-builtin)
