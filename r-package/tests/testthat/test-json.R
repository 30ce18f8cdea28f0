hex <- function(x) sprintf("%a", x)

test_that("doubles keep every bit", {
  numbers <- c(0.1, 1 / 3, 5.1, 1e22, 123456789012345680, 5e-324, 1.7976931348623157e308, -2.5, 100, -0.0)
  withr::with_seed(1, {
    numbers <- c(numbers, stats::rnorm(5000), stats::runif(5000) * 10^sample(-300:300, 5000, TRUE))
  })
  expect_identical(hex(read_doubles(format_double(numbers))), hex(numbers))
})

test_that("doubles are written short where that is exact, and never as integers", {
  expect_identical(format_double(c(5.1, 100, 1e22)), c("5.1", "100.0", "1e+22"))
})

test_that("bodies have JSON's own types", {
  body <- list(
    step = 100000L, time = 1.7e12, value = 1 / 3, flag = TRUE, id = "007", none = NULL,
    tags = list(list(key = "a", value = "b"))
  )
  expect_identical(
    to_json(compact(body)),
    paste0(
      "{\"step\":100000,\"time\":1700000000000,\"value\":0.33333333333333331,\"flag\":true,",
      "\"id\":\"007\",\"tags\":[{\"key\":\"a\",\"value\":\"b\"}]}"
    )
  )
  expect_identical(to_json(list()), "{}")
})

test_that("texts are escaped, missing values are null, and what has no name gets its position", {
  expect_identical(to_json(list("a\"\\\n\u001f" = "b/c\t")), '{"a\\"\\\\\\n\\u001f":"b/c\\t"}')
  expect_identical(to_json(list(a = NA_character_, b = NA, c = NA_real_)), '{"a":null,"b":null,"c":null}')
  expect_identical(to_json(list(a = c("x", NA), b = c(TRUE, NA), c = integer())),
    '{"a":["x", null],"b":[true, null],"c":[]}'
  )
  expect_identical(to_json(list(a = 1, 2, a = NULL)), '{"a":1,"2":2,"a.1":null}')
  expect_identical(to_json(list(list(), stats::setNames(list(), character()))), "[[],{}]")
})

test_that("what is more than a vector is written as jsonlite does", {
  data <- data.frame(x = c(1 / 3, 2), y = c("a", "b"))
  expect_identical(
    to_json(list(rows = data, matrix = matrix(1:4, 2), day = as.Date("2020-02-01"), kept = I(1))),
    paste0(
      '{"rows":[{"x":0.333333333333333,"y":"a"},{"x":2,"y":"b"}],"matrix":[[1,3],[2,4]],',
      '"day":"2020-02-01","kept":[1]}'
    )
  )
})

test_that("decimals are told from other doubles as an exact reader tells them", {
  expect_identical(exact_powers_of_ten, 10^(0:22))
  withr::local_seed(1)
  x <- c(
    0, 5e-324, .Machine$double.xmax, 1e15 + 1, 1e22, 1e23, 10^(-25:25), -1 / 3,
    round(stats::runif(5000), 1:10), signif(exp(stats::rnorm(5000, sd = 20)), 1:16), stats::rnorm(5000)
  )
  text <- format_double(x)
  expect_identical(read_doubles(text), x)
  shortest <- sub("[.]0$", "", sprintf("%.15g", x))
  expect_identical(sub("[.]0$", "", text) == shortest, read_doubles(shortest) == x)
})

test_that("NaN and the infinities are texts, both ways", {
  expect_identical(to_json(list(a = NaN, b = Inf, c = -Inf)), '{"a":"NaN","b":"Infinity","c":"-Infinity"}')
  expect_identical(as_number("NaN"), NaN)
  expect_identical(as_number("-Infinity"), -Inf)
  expect_identical(as_number(NULL), NA_real_)
})

test_that("texts are UTF-8 in a C locale", {
  withr::local_locale(LC_CTYPE = "C")
  unmarked <- "caf\xc3\xa9"
  text <- to_json(list(name = unmarked, other = "caf\u00e9"))
  expect_identical(charToRaw(text), charToRaw("{\"name\":\"caf\xc3\xa9\",\"other\":\"caf\xc3\xa9\"}"))
  expect_identical(percent_encode("caf\u00e9 / x"), "caf%C3%A9%20%2F%20x")
})
