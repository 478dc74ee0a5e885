# Headers only, taken from the tree that this port lies in: vcpkg install smtpoll --overlay-ports=tests/packaging/vcpkg
# A port of a registry sets SOURCE_PATH by vcpkg_from_git or its like instead; the rest stays.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)
set(VCPKG_BUILD_TYPE release)

file(INSTALL "${SOURCE_PATH}/include/smtpoll" DESTINATION "${CURRENT_PACKAGES_DIR}/include"
  FILES_MATCHING PATTERN "*.hpp")
set(INCLUDE_DIR "../../include")
foreach(name smtpollConfig.cmake smtpollConfigVersion.cmake)
  configure_file("${SOURCE_PATH}/include/${name}.in" "${CURRENT_PACKAGES_DIR}/share/${PORT}/${name}" @ONLY)
endforeach()
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
