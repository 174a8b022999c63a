// How source texts and configurations give a value to a name, as parts of patterns.
#pragma once

// What may stand between a name and a sign of giving: quotes and brackets around the name, `[]` of an array, a type.
#define REDOUBT_TYPED R"re(["'\]\)]{0,3}(?:\[\d{0,4}\])?(?:[ \t:]{1,3}&?(?:'static )?(?:[Ss]tring|str|text))?)re"

// A sign of giving: `=`, `:=`, `::=`, `?=`, `.=`, `==`, `=>`, `:`, `<-`.
#define REDOUBT_SIGN R"re((?:=>|:{1,3}=|[?.+]?={1,2}|:|<-))re"

// The rest of a name, and a sign of giving.
#define REDOUBT_GIVEN R"re([\w.\-]{0,24})re" REDOUBT_TYPED R"re(\s{0,8})re" REDOUBT_SIGN R"re(\s{0,8})re"

// The same in a call that is given both: `set("token", "...")`.
#define REDOUBT_GIVEN_OR_CALLED \
  R"re([\w.\-]{0,24}(?:)re" REDOUBT_TYPED R"re(\s{0,8})re" REDOUBT_SIGN R"re(|["'`],)\s{0,8})re"
