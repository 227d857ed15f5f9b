"""Codes P0A00-P0AFF: hybrid and electric drive. See `compose`."""

TABLE = """
0A00 FPLHI motor electronics coolant temperature sensor A
0A05 OLH motor electronics coolant pump A
0A08 FL converter (high to low voltage) status
0A0A FGLHI high voltage interlock A
0A0F = Engine failed to start
0A10 H converter (high to low voltage) status
0A11 OLH converter (high to low voltage) enable
0A14 OLH engine mount A
0A17 FPL motor torque sensor
0A1A = Generator control module: fault; Drive motor A control module: poor performance; Drive motor B control module: poor performance; Hybrid powertrain control module A: fault; Starter-generator control module: fault; Battery energy control module A: poor performance
0A20 HI motor torque sensor
0A22 FPLHI generator torque sensor
0A27 FLH hybrid battery power off
0A2A FPLHI drive motor A temperature sensor A
0A2F = Drive motor A: temperature too high
0A30 FPLHI drive motor B temperature sensor
0A35 = Drive motor B: temperature too high
0A36 FPLHI generator temperature sensor
0A3B = Generator A: temperature too high; Drive motor A inverter: temperature too high; Drive motor B inverter: temperature too high; Generator inverter: temperature too high
0A3F FPLHIv drive motor A position sensor
0A45 FPLHIv drive motor B position sensor
0A4B FPLHIv generator position sensor
0A51 FPLH drive motor A current sensor
0A55 FPLH drive motor B current sensor
0A59 FPLH generator current sensor
0A5D FLH drive motor A phase {U-W} current
0A66 FLH drive motor B phase {U-W} current
0A6F FLH generator phase {U-W} current
0A78 G drive motor {A-B} inverter
0A7A G generator inverter
0A7B = Battery energy control module asks for the engine lamp; Motor electronics: temperature too high; Hybrid battery: state of charge low; Hybrid battery A: temperature too high; Hybrid battery A: worn
0A80 = Hybrid battery must be replaced
0A81 OKTLH hybrid battery cooling fan 1
0A86 FPLHI 14 volt power module current sensor A
0A8B = 14 volt power module: system voltage fault; 14 volt power module: system voltage unstable; 14 volt power module: system voltage low; 14 volt power module: system voltage high; 14 volt power module: poor performance
0A90 G drive motor {A-B}
0A92 = Hybrid generator: poor performance; Inverter A cooling: poor performance; Converter A (high to low voltage): poor performance; High voltage fuse A: fault
0A96 OKTLH hybrid battery cooling fan 2
0A9B FPLHI hybrid battery temperature sensor A
0AA0 FCU hybrid battery positive contactor
0AA3 FCU hybrid battery negative contactor
0AA6 = Hybrid battery voltage: isolation fault
0AA7 FPLHI hybrid battery voltage isolation sensor
0AAC FPLHI hybrid battery air temperature sensor {A-B}
0AB6 OLH engine mount B
0AB9 = Hybrid system: poor performance
0ABA FPLHI hybrid battery voltage sensing A
0ABF FPLHI hybrid battery current sensor A
0AC4 = Hybrid powertrain control module asks for the engine lamp
0AC5 FPLHI hybrid battery temperature sensor {B-C}
0ACF OKTLH hybrid battery cooling fan 3
0AD4 = Hybrid battery: air flow insufficient
0AD5 OPLH hybrid battery air flow valve A
0AD9 OPLH hybrid battery positive contactor control
0ADD OPLH hybrid battery negative contactor control
0AE1 FCU hybrid battery precharge contactor
0AE4 OPLH hybrid battery precharge contactor A control
0AE8 FPLHI hybrid battery temperature sensor D
0AED FPLHI drive motor inverter temperature sensor {A-B}
0AF7 = 14 volt power module: internal temperature too high; Hybrid battery: system voltage fault; Hybrid battery: system voltage unstable; Hybrid battery: system voltage low; Hybrid battery: system voltage high; Hybrid battery sensor module: fault; Hybrid battery: temperature too low; Hybrid battery: voltage too low to step up; System voltage too low to step down
"""
