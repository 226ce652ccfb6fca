#include <cmath>
#include <string>

#include "model/crc32.h"
#include "model/json.h"
#include "model/text.h"
#include "tests/check.h"

using bscnet::Json;

namespace {

Json read(const std::string& text) { return bscnet::read_json(text, "the text"); }

}  // namespace

TEST(json_values) {
  const Json json = read(" {\"b\": [1, -2, 3.5, 1e3, true, false, null], \"a\": {}, \"c\": \"\"} \n");
  CHECK(json.is(Json::Kind::kObject));
  const auto& list = json.find("b")->array();
  CHECK_EQ(list.size(), 7u);
  CHECK(list[0].is(Json::Kind::kInteger) && list[0].integer() == 1 && list[0].number() == 1.0);
  CHECK_EQ(list[1].integer(), -2);
  CHECK(list[2].is(Json::Kind::kDouble) && list[2].number() == 3.5);
  CHECK(list[3].is(Json::Kind::kDouble) && list[3].number() == 1000.0);
  CHECK(list[4].is(Json::Kind::kBool) && list[4].boolean() && !list[5].boolean());
  CHECK(list[6].is(Json::Kind::kNull));
  CHECK_EQ(json.object()[0].first, "a");  // in order of the names
  CHECK(json.find("d") == nullptr && json.find("") == nullptr);
  CHECK(read("0").integer() == 0 && read("[]").array().empty());
}

TEST(json_numbers) {
  CHECK_EQ(read("999999999999999999").integer(), 999999999999999999);
  CHECK_EQ(read("-999999999999999999").integer(), -999999999999999999);
  CHECK(read("123456789012345678901").is(Json::Kind::kDouble));
  CHECK(read("-0").is(Json::Kind::kInteger) && read("-0.0").number() == 0.0 && std::signbit(read("-0.0").number()));
  CHECK_EQ(read("0.05").number(), 0.05);
  CHECK_EQ(read("25E-1").number(), 2.5);
  CHECK_EQ(read("1e-999").number(), 0.0);
  for (const char* text :
       {"01", "+1", ".5", "1.", "1e", "-", "0x1", "NaN", "Infinity", "-Infinity", "1e999", "--1", "1 2"}) {
    CHECK_REFUSED(read(text), "the text is not valid JSON at byte ");
  }
}

TEST(json_strings) {
  CHECK_EQ(read(R"("a\"\\\/\b\f\n\r\tz")").string(), "a\"\\/\b\f\n\r\tz");
  CHECK_EQ(read("\"w\xC3\xA4nde \xE2\x82\xAC \xF0\x9F\x98\x80\"").string(),
           "w\xC3\xA4nde \xE2\x82\xAC \xF0\x9F\x98\x80");
  CHECK_EQ(read(R"("\u00e4\u20AC\ud83d\ude00\u0041")").string(),
           "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"
           "A");
  CHECK_EQ(read(R"("\u0000")").string(), std::string(1, '\0'));
  for (const char* text : {"\"", "\"\\", "\"\\x\"", "\"\\u12g4\"", "\"\\u123", "\"\n\"", "'a'", R"("\ud800")",
                           R"("\udc00")", R"("\ud800\u0041")", R"("\ud800\ud800")"}) {
    CHECK_REFUSED(read(text), "is not valid JSON");
  }
  for (const char* bytes : {"\xFF", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3",
                            "\xF0\x9F\x98", "\x80", "\xF0\x80\x80\x80", "\xE2\x28\xA1"}) {
    CHECK_REFUSED(read(std::string("\"") + bytes + "\""), "the bytes are not UTF-8");
  }
}

TEST(json_structure) {
  for (const char* text : {"", " ", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "[", "{",
                           "]", "nul", "truefalse", "[1]]", "/**/1", "{\"a\":1 \"b\":2}"}) {
    CHECK_REFUSED(read(text), "is not valid JSON");
  }
  CHECK_REFUSED(read(std::string("1\0", 2)), "something follows");
  CHECK_REFUSED(read(R"({"a":1,"b":2,"a":3})"), "the name \"a\" stands twice");
  CHECK_REFUSED(read(R"({"a":1,"\u0061":3})"), "stands twice");
  CHECK(read(std::string(32, '[') + std::string(32, ']')).is(Json::Kind::kArray));
  CHECK_REFUSED(read(std::string(100000, '[')), "nested more than 32 deep");
  std::string many = "[0";
  for (int i = 0; i < 500000; ++i) many += ",0";
  CHECK_REFUSED(read(many + "]"), "more than 500000 values");
}

TEST(text_shown_in_errors) {
  CHECK_EQ(bscnet::quoted("a\n\xFF"), "\"a??\"");
  const std::string wide = bscnet::quoted(std::string(39, 'a') + "\xC3\xA4" + "bcd");
  CHECK_EQ(bscnet::valid_utf8(wide), wide.size());
  CHECK_EQ(wide, "\"" + std::string(39, 'a') + "\xC3\xA4…\"");
}

TEST(crc32_of_known_bytes) {
  CHECK_EQ(bscnet::crc32("123456789", 9), 0xCBF43926u);  // the check value every description of CRC-32 gives
  CHECK_EQ(bscnet::crc32("6789", 4, bscnet::crc32("12345", 5)), 0xCBF43926u);
  CHECK_EQ(bscnet::crc32("", 0), 0u);
}
