# ctest's entries for the system tests: what runs in QEMU. Two at a time at most: each machine has more
# harts than the host has cores.
include(${CMAKE_CURRENT_LIST_DIR}/firmware/host.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/posix/host.cmake)

function(quire_system_test name harts)
  set(entry system.${name}.${harts}h)
  foreach(option ${ARGN})
    string(REGEX REPLACE "^--" "" plain "${option}")
    string(REPLACE "=" "" plain "${plain}")
    string(APPEND entry .${plain})
  endforeach()
  add_test(NAME ${entry}
    COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/test/system/run.py ${name} --smp ${harts} ${ARGN})
  set_tests_properties(${entry} PROPERTIES TIMEOUT 1200 LABELS system RUN_SERIAL OFF PROCESSORS 1
    ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
endfunction()

foreach(harts 1 2 4)
  foreach(name p1-coherence p2-lazy p3-cow p4-counts p5-shootdown p5-budgets p6-durable p7-tracing
      p8-exhaust kernel-futex kernel-stop demos exerciser shell-script badinput-calls badinput-elf
      console posix)
    quire_system_test(${name} ${harts})
  endforeach()
  foreach(block 1024 2048 4096)
    quire_system_test(files ${harts} --block=${block})
  endforeach()
endforeach()
foreach(name p1-coherence p3-cow p4-counts p5-shootdown p5-budgets exerciser demos posix)
  quire_system_test(${name} 8)
endforeach()
foreach(name p3-cow p4-counts p5-shootdown exerciser kernel-futex kernel-stop)
  quire_system_test(${name} 4 --debug)
endforeach()
foreach(block 1024 2048)
  quire_system_test(exerciser 2 --block=${block})
endforeach()
foreach(name badinput-superblock badinput-no-disk statuses)
  quire_system_test(${name} 2)
endforeach()
