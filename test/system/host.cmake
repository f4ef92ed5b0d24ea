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
  set_tests_properties(${entry} PROPERTIES TIMEOUT 3600 LABELS system RUN_SERIAL OFF PROCESSORS 1
    ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
endfunction()

foreach(harts 1 2 4 8)
  foreach(name p1-coherence p2-lazy p3-cow p4-counts p5-shootdown p5-budgets p6-durable p7-tracing
      p8-exhaust p9-all p9-promised p9-polling p9-detached kernel-futex kernel-stop kernel-life demos exerciser storm
      shell-script badinput-calls badinput-args badinput-elf badinput-superblock badinput-no-disk
      statuses output-once disk-errors names-and-room console posix files)
    quire_system_test(${name} ${harts})
  endforeach()
  foreach(name p9-files p9-exerciser wild powercut powercut-cache)
    quire_system_test(${name} ${harts} --block=1024)
  endforeach()
endforeach()
foreach(harts 1 2 4)
  foreach(block 1024 2048)
    foreach(name files exerciser)
      quire_system_test(${name} ${harts} --block=${block})
    endforeach()
  endforeach()
endforeach()
foreach(name p3-cow p4-counts p5-shootdown exerciser kernel-futex kernel-stop kernel-life p9-files posix)
  quire_system_test(${name} 4 --debug)
endforeach()
foreach(name disk-errors names-and-room)
  quire_system_test(${name} 1 --block=1024)
endforeach()
quire_system_test(wild 4)
quire_system_test(powercut 2)
quire_system_test(powercut-cache 2)
# A million operations and more; at other hart counts only by hand (docs/testing.md): minutes each.
quire_system_test(exerciser-long 1)
