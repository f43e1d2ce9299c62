#pragma once
#include <libxml/xmlversion.h>
// ICU's headers would come with encoding.h, and Foundation has copies of them that differ. Only the end of
// xmlCharEncodingHandler, which nothing here looks at, depends on it.
#undef LIBXML_ICU_ENABLED
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
