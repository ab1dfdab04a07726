# Run by equeue_embed_sql at build time: ROOT holds the files, OUTPUT is the source to write.
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/*.sql)
list(SORT files)
set(source "#include \"store/sql_files.hpp\"\n\nnamespace equeue::store {\n\n")
string(APPEND source "std::span<const SqlFile> sql_files() {\n  static constexpr SqlFile files[] = {\n")
foreach(file ${files})
  file(READ ${ROOT}/${file} text)
  # A string literal may not exceed 65,536 bytes in strict C++, so a long file is cut into adjacent ones.
  string(REPLACE "\n\n" "\n)sql\"\nR\"sql(\n" text "${text}")
  string(APPEND source "      {\"${file}\", R\"sql(${text})sql\"},\n")
endforeach()
string(APPEND source "  };\n  return files;\n}\n\n}  // namespace equeue::store\n")
file(WRITE ${OUTPUT} "${source}")
